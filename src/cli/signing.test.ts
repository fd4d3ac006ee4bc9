import { describe, expect, it } from 'vitest';
import { testContext } from '../../test/support/promotion/context.ts';
import { NO_CONFIG } from '../config/config.ts';
import { PromotionError } from '../errors.ts';
import type { Signing } from '../attest/open-signing.ts';
import type { Identity } from '../attest/roles.ts';
import type { CandidateServices } from '../phases/signing.ts';
import { cipOptions, type CipOptions } from './cip-options.ts';
import type { CommandServices } from './command.ts';
import { parseFlags } from './flags.ts';
import { CIP_FLAGS, COMMON_FLAGS } from './options.ts';
import { announce, candidateServices } from './signing.ts';

const US: Identity = { kind: 'keyless', issuer: 'https://issuer.test', subject: 'us@issuer.test' };
const NOBODY = new PromotionError('IDENTITY', 'there is no identity to sign with', {
  hint: 'or do without with --sign=false',
});
const DAY = 24 * 3600_000;

const options = (...argv: string[]): CipOptions =>
  cipOptions(parseFlags([...CIP_FLAGS, ...COMMON_FLAGS] as const, ['--manifests=x', ...argv]));

/** Signing as us, or by nobody; it never comes to a signature. */
function signingAs(
  identity: Identity | undefined,
  announcement: () => Promise<string> = async () => 'it is us',
): Signing {
  const unused = (): never => expect.unreachable('nothing is signed');
  return { announcement, identity: () => Promise.resolve(identity), signer: unused, verifier: unused };
}

function services(env: Readonly<Record<string, string>> = {}): {
  readonly services: CommandServices;
  readonly log: readonly string[];
} {
  const { context, log } = testContext();
  const output = { write: () => undefined, isTerminal: false };
  return { services: { ...context, env, stdout: output, stderr: output }, log };
}

const confirmed = { ...options(), confirm: true };

describe('src/cli/signing.ts', () => {
  it('says at the start who will sign', async () => {
    const { services: given, log } = services();
    await announce(signingAs(US), confirmed, given);
    expect(log).toEqual(['info it is us']);
  });

  it('promotes nothing where nobody can sign, and says the same in a dry run, which goes on', async () => {
    const { services: given, log } = services();
    const nobody = signingAs(undefined, () => Promise.reject(NOBODY));
    await expect(announce(nobody, confirmed, given)).rejects.toBe(NOBODY);
    await announce(nobody, options(), given);
    expect(log).toEqual([
      'info A run with --confirm would not sign: there is no identity to sign with; or do without with --sign=false',
    ]);
  });

  it('refuses contradictions in a dry run, too', async () => {
    const wrong = new PromotionError('USAGE', 'two signers');
    const two = signingAs(undefined, () => Promise.reject(wrong));
    await expect(announce(two, options(), services().services)).rejects.toBe(wrong);
  });

  it.each([
    ['in a file', { ...confirmed, signing: { ...confirmed.signing, identityToken: 't' } }, {}],
    ['in the environment', confirmed, { SIGSTORE_ID_TOKEN: 't' }],
    ['that is a key', { ...confirmed, signing: { ...confirmed.signing, key: 'k' } }, {}],
  ])('looks at an identity %s before anything is promoted', async (_, given, env) => {
    const over = new PromotionError('IDENTITY', 'the identity token expired');
    const signing = { ...signingAs(US), identity: () => Promise.reject(over) };
    await expect(announce(signing, given, services(env).services)).rejects.toBe(over);
  });

  it('reads a trusted root from a file before anything is promoted', async () => {
    const broken = new PromotionError('TRUST_ROOT', 'it is no JSON');
    const signing = { ...signingAs(US), verifier: () => Promise.reject(broken) };
    const given = { ...confirmed, signing: { ...confirmed.signing, trustedRoot: 'root.json' } };
    await expect(announce(signing, given, services().services)).rejects.toBe(broken);
    await announce(signing, { ...given, confirm: false }, services().services);
  });

  const candidates = (given: CipOptions, identity?: Identity): CandidateServices =>
    candidateServices(
      given,
      { signing: signingAs(identity), config: NO_CONFIG },
      services().services,
      async (since) => new Set([String(since)]),
    );

  it('looks two weeks back unless told otherwise, in the tree and in the registry alike', async () => {
    const found = candidates(options());
    const since = services().services.clock.now() - 14 * DAY;
    expect(found.rules.since).toBe(since);
    expect(await found.young(() => undefined)).toEqual(new Set([String(since)]));
    const all = candidates(options('--repair-since=all'));
    expect([all.rules.since, await all.young(() => undefined)]).toEqual(['all', undefined]);
  });

  it('takes the primary of the flags before that of the configuration', () => {
    const { primary } = candidates(options('--primary-registry=b.test')).rules;
    expect(primary?.matches('b.test')).toBe(true);
    expect(candidates(options()).rules).not.toHaveProperty('primary');
  });

  it.each([
    [[], [true, false]],
    [['--sign-tagless'], [true, true]],
    [['--signature-format=bundle'], [false, false]],
  ])('wants a .sig tag for tagged and tagless digests with %j: %j', (argv, wanted) => {
    const { wantsTag } = candidates(options(...argv));
    expect([wantsTag({ tags: ['v1'] }), wantsTag({ tags: [] })]).toEqual(wanted);
  });

  it('asks nobody for a certificate in a dry run, only to look at what is there', async () => {
    const { signal } = services().services;
    expect(await candidates(options(), US).identity(signal)).toEqual(US);
    expect(await candidates(options()).identity(signal)).toBeUndefined();
  });
});
