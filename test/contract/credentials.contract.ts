import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isPromotionError } from '../../src/errors.ts';
import type { Credential, CredentialSource } from '../../src/http/credentials/credential.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { rejection } from '../support/http-request.ts';

/** A credential source under test, with its surroundings. */
export type CredentialsSubject = {
  readonly source: CredentialSource;
  readonly clock: FakeClock;
  /** A host that the source has a credential for. */
  readonly host: string;
  readonly expected: Credential;
  /** Returns the number of requests for a credential to a server or a program. */
  asked(): number;
  /** Changes the credential that the server or program returns. */
  change(): void | Promise<void>;
  /** Lets the server or program refuse from now on. */
  refuse(): void | Promise<void>;
  /** Texts that no error may contain. */
  readonly secrets: readonly string[];
};

type CredentialsTraits = {
  /** Names that look like the source's hosts and are not. */
  readonly lookAlikes: readonly string[];
  /** How long a credential lives, in milliseconds; undefined if it does not change. */
  readonly life?: number;
  /** Why the credential cannot be refused: the source sends no request, or keeps it forever. */
  readonly constant?: string;
};

const signal = (): AbortSignal => new AbortController().signal;

/** The contract of every `CredentialSource`. */
export function credentialsContract(
  name: string,
  open: () => Promise<CredentialsSubject>,
  traits: CredentialsTraits,
): void {
  describe(`the credentials contract on ${name}`, () => {
    it('returns the credential of a host in any spelling, and names its source', async () => {
      const { source, host, expected } = await open();
      const named = { ...expected, from: expect.stringMatching(/\w/) as string };
      expect(await source(host, signal())).toEqual(named);
      expect(await source(host.toUpperCase(), signal())).toEqual(named);
    });

    it('returns the same object for all repositories of a host, except those with their own credential', async () => {
      const { source, host, asked } = await open();
      const whole = await source(host, signal());
      const once = asked();
      for (const repository of ['app', 'team/app', 'team/deep/app', '../app', ''])
        expect(await source(host, signal(), { repository })).toBe(whole);
      expect(asked()).toBe(once);
    });

    it.each(traits.lookAlikes)('returns undefined for %s, and sends no request', async (lookAlike) => {
      const { source, asked } = await open();
      expect(await source(lookAlike, signal())).toBeUndefined();
      expect(asked()).toBe(0);
    });

    it('sends no request when the signal has aborted', async () => {
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
  it('requests a credential once for concurrent and later callers', async () => {
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

  it('returns the credential to other callers when one aborts', async () => {
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
  it('requests a refused credential again, once for all callers', async ({ skip }) => {
    skip(constant !== undefined, `a credential that does not change: ${constant}`);
    const { source, host, asked, change, expected } = await open();
    const refused = await source(host, signal());
    if (refused === undefined) throw new Error('there is no credential');
    const once = asked();
    // An unchanged credential is the same object, so that callers recognize one that they have tried.
    expect(await source(host, signal(), { refused })).toBe(refused);
    expect(asked()).toBe(once * 2);
    await change();
    const others = await Promise.all(Array.from({ length: 10 }, () => source(host, signal(), { refused })));
    expect(asked()).toBe(once * 3);
    expect(others[0]).not.toMatchObject(expected);
    // A credential that another caller got meanwhile is not refused.
    expect(await source(host, signal(), { refused })).toBe(others[9]);
    expect(asked()).toBe(once * 3);
  });

  it('throws with the reason of a failure, without secrets', async ({ skip }) => {
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
