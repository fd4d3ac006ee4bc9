import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isPromotionError } from '../../src/errors.ts';
import type { Credential, CredentialSource } from '../../src/http/credentials/credential.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { rejection } from '../support/http-request.ts';

/** A source with something to give, and what surrounds it. */
export type CredentialsSubject = {
  readonly source: CredentialSource;
  readonly clock: FakeClock;
  /** A host that the source has a credential for. */
  readonly host: string;
  readonly expected: Credential;
  /** How often somebody was asked for a credential so far: a server, a program. */
  asked(): number;
  /** Lets whoever is asked give another credential from now on. */
  change(): void | Promise<void>;
  /** Lets whoever is asked refuse from now on. */
  refuse(): void | Promise<void>;
  /** What no error may show. */
  readonly secrets: readonly string[];
};

export type CredentialsTraits = {
  /** Names that look like the source's hosts and are not. */
  readonly lookAlikes: readonly string[];
  /** How long a credential lives, in milliseconds; undefined where it does not change. */
  readonly life?: number;
  /** Where set, the source asks nobody, or remembers for good: why it cannot be refused. */
  readonly constant?: string;
};

const signal = (): AbortSignal => new AbortController().signal;

/** Holds a source to what `CredentialSource` promises. */
export function credentialsContract(
  name: string,
  open: () => Promise<CredentialsSubject>,
  traits: CredentialsTraits,
): void {
  describe(`the credentials contract on ${name}`, () => {
    it('gives the credential of a host, however its name is written, and says where it is from', async () => {
      const { source, host, expected } = await open();
      const named = { ...expected, from: expect.stringMatching(/\w/) as string };
      expect(await source(host, signal())).toEqual(named);
      expect(await source(host.toUpperCase(), signal())).toEqual(named);
    });

    it('gives all repositories of a host the same object, unless it knows of another for one of them', async () => {
      const { source, host, asked } = await open();
      const whole = await source(host, signal());
      const once = asked();
      for (const repository of ['app', 'team/app', 'team/deep/app', '../app', ''])
        expect(await source(host, signal(), { repository })).toBe(whole);
      expect(asked()).toBe(once);
    });

    it.each(traits.lookAlikes)('has nothing for %s, and asks nobody', async (lookAlike) => {
      const { source, asked } = await open();
      expect(await source(lookAlike, signal())).toBeUndefined();
      expect(asked()).toBe(0);
    });

    it('does not start for one who gave up already', async () => {
      const { source, host, asked } = await open();
      const reason = new Error('enough');
      expect(await rejection(source(host, AbortSignal.abort(reason)))).toBe(reason);
      expect(asked()).toBe(0);
    });

    sharing(open, traits);
    refusing(open, traits);
  });
}

function sharing(open: () => Promise<CredentialsSubject>, { life }: CredentialsTraits): void {
  it('asks once for all who need it at the same time and later', async () => {
    const { source, host, expected, asked } = await open();
    const first = await source(host, signal());
    const once = asked();
    const others = await Promise.all(Array.from({ length: 20 }, () => source(host, signal())));
    expect(first).toMatchObject(expected);
    expect(others).toEqual(Array.from({ length: 20 }, () => first));
    expect(asked()).toBe(once);

    const fresh = await open();
    await Promise.all(Array.from({ length: 20 }, () => fresh.source(host, signal())));
    expect(fresh.asked()).toBe(once);
  });

  it("does not let one caller's abort take the credential from another", async () => {
    const { source, host, expected } = await open();
    const leaving = new AbortController();
    const gone = source(host, leaving.signal).then(
      () => 'given',
      (error: unknown) => error,
    );
    const staying = source(host, signal());
    const reason = new Error('enough');
    leaving.abort(reason);
    expect(['given', reason]).toContain(await gone);
    expect(await staying).toMatchObject(expected);
  });

  it('renews the credential before it expires, and not sooner than needed', async ({ skip }) => {
    skip(life === undefined, 'this credential does not expire');
    const { source, host, clock, asked } = await open();
    await source(host, signal());
    const once = asked();
    await clock.advance((life ?? 0) / 2);
    await source(host, signal());
    expect(asked()).toBe(once);
    await clock.advance((life ?? 0) / 2 - 1000);
    await source(host, signal());
    expect(asked()).toBe(once * 2);
  });
}

function refusing(open: () => Promise<CredentialsSubject>, { constant }: CredentialsTraits): void {
  it('asks anew for one whose credential was refused, once for all of them', async ({ skip }) => {
    skip(constant !== undefined, `a credential that does not change: ${constant}`);
    const { source, host, asked, change, expected } = await open();
    const refused = await source(host, signal());
    if (refused === undefined) throw new Error('there is no credential');
    const once = asked();
    // The same once more is the same object: whoever tried it knows that it is of no use.
    expect(await source(host, signal(), { refused })).toBe(refused);
    expect(asked()).toBe(once * 2);
    await change();
    const others = await Promise.all(Array.from({ length: 10 }, () => source(host, signal(), { refused })));
    expect(asked()).toBe(once * 3);
    expect(others[0]).not.toMatchObject(expected);
    // What another got in the meantime is not refused.
    expect(await source(host, signal(), { refused })).toBe(others[9]);
    expect(asked()).toBe(once * 3);
  });

  it('says why there is none, and shows no secret', async ({ skip }) => {
    skip(constant !== undefined, `a credential that does not change: ${constant}`);
    const { source, host, refuse, secrets } = await open();
    await refuse();
    const error = await rejection(source(host, signal()));
    expect(isPromotionError(error)).toBe(true);
    expect(error).toMatchObject({ hint: expect.stringMatching(/\w+ \w+/) });
    const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    for (const secret of secrets) expect(shown).not.toContain(secret);
  });
}
