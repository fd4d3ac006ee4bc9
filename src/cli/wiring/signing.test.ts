import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { NO_CONFIG } from '../../config/config.ts';
import { PromotionError, type Failure } from '../../errors.ts';
import type { Signing } from '../../attest/signing/open.ts';
import type { Identity } from '../../attest/roles.ts';
import type { CandidateServices } from '../../phases/plan/candidate-services.ts';
import { CIP_FLAGS, cipOptions, type CipOptions } from '../options/commands/cip.ts';
import type { CommandServices } from '../command.ts';
import { parseFlags } from '../options/flags/parse-flags.ts';
import { announce, announceOrRecord, candidateServices, signingFacts } from './signing.ts';
import { openSecrets } from '../../secrets/secrets.ts';

const US: Identity = { kind: 'keyless', issuer: 'https://issuer.test', subject: 'us@issuer.test' };
const NOBODY = new PromotionError('IDENTITY', 'no signing identity found', {
  hint: 'or do without with --sign=false',
});
const DAY = 24 * 3600_000;

const options = (...argv: string[]): CipOptions => cipOptions(parseFlags(CIP_FLAGS, ['--manifests=x', ...argv]));

/** Signing with our identity, or without one; signs nothing. */
function signingAs(
  identity: Identity | undefined,
  announcement: () => Promise<string> = async () => 'it is us',
): Signing {
  const unused = (): never => expect.unreachable('nothing is signed');
  const openFiles = (): Promise<void> => Promise.resolve();
  return {
    openFiles,
    announcement,
    identity: () => Promise.resolve(identity),
    signer: unused,
    verifier: unused,
    ownVerifier: unused,
  };
}

function services(env: Readonly<Record<string, string>> = {}): {
  readonly services: CommandServices;
  readonly log: readonly string[];
} {
  const { context, log } = testContext();
  const output = { write: () => undefined, isTerminal: false };
  return {
    services: { ...context, env, stdout: output, stderr: output, task: 'kpromo cip', secrets: openSecrets() },
    log,
  };
}

describe('src/cli/wiring/signing.ts', () => {
  it('logs the signing identity', async () => {
    const { services: given, log } = services();
    await announce(signingAs(US), given);
    expect(log).toEqual(['info it is us']);
  });

  /** Returns the recorded failures and the log of a run with these flags and no identity. */
  async function refusals(why: PromotionError, ...argv: string[]): Promise<readonly unknown[]> {
    const { services: given, log } = services();
    const noted: Failure[] = [];
    const refuse = (failure: Failure): void => void noted.push(failure);
    const signing = signingAs(undefined, () => Promise.reject(why));
    await announceOrRecord(signing, signingFacts(options(...argv)), { ...given, refuse });
    return [...noted, ...log];
  }

  it('records in a dry run that --confirm would fail without an identity', async () => {
    expect(await refusals(NOBODY)).toEqual([
      {
        phase: 'sign',
        code: 'IDENTITY',
        message: '--confirm would refuse: no signing identity found',
        hint: 'or do without with --sign=false; if only the job with --confirm has one: --require-identity=false',
      },
    ]);
  });

  it('accepts a dry run without an identity with --require-identity=false', async () => {
    expect(await refusals(NOBODY, '--require-identity=false')).toEqual([
      'info Signing identity for images will be that of the job with --confirm (--require-identity=false)',
    ]);
  });

  it('needs only the public key in a dry run with --require-identity=false', async () => {
    const isPublic = new PromotionError('IDENTITY', 'the key k.pub is a public key');
    const [log] = await refusals(isPublic, '--key=k.pub', '--require-identity=false');
    expect(log).toContain('(--require-identity=false)');
  });

  it.each([
    ['a missing identity with --confirm', NOBODY, ['--confirm']],
    ['an unusable key, also in a dry run', NOBODY, ['--key=k']],
    ['contradictory flags, also in a dry run', new PromotionError('USAGE', 'two signers'), []],
  ])('throws for %s', async (_, error, argv) => {
    await expect(refusals(error, ...argv)).rejects.toBe(error);
  });

  const candidates = (given: CipOptions, identity?: Identity): CandidateServices =>
    candidateServices(
      given,
      { signing: signingAs(identity), config: NO_CONFIG, summaries: undefined },
      services().services,
      async (since) => new Set([String(since)]),
    );

  it('uses a repair window of two weeks for tree and registry by default', async () => {
    const found = candidates(options());
    const since = services().services.clock.now() - 14 * DAY;
    expect(found.rules.since).toBe(since);
    expect(await found.young([], () => undefined)).toEqual(new Set([String(since)]));
    const all = candidates(options('--repair-since=all'));
    expect([all.rules.since, await all.young([], () => undefined)]).toEqual(['all', undefined]);
  });

  it('prefers the primary of the flags to that of the configuration', () => {
    const { primary } = candidates(options('--primary-registry=b.test')).rules;
    expect(primary?.matches('b.test')).toBe(true);
    expect(candidates(options()).rules.primary).toBeUndefined();
  });

  it.each([
    [[], [true, false]],
    [['--sign-tagless'], [true, true]],
    [['--signature-format=bundle'], [false, false]],
  ])('for tagged and tagless digests with %j, wants a .sig tag: %j', (argv, wanted) => {
    const { wantsTag } = candidates(options(...argv));
    expect([wantsTag({ tags: ['v1'] }), wantsTag({ tags: [] })]).toEqual(wanted);
  });

  it('requests no certificate in a dry run', async () => {
    const { signal } = services().services;
    expect(await candidates(options(), US).identity(signal)).toEqual(US);
    expect(await candidates(options()).identity(signal)).toBeUndefined();
  });
});
