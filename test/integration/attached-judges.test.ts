import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { attachedTo, type Attached } from '../../src/attest/attached/attached.ts';
import { PROMOTION_RECORD } from '../../src/attest/formats/record.ts';
import { recordDigest } from '../../src/attest/writing/record-digest.ts';
import { signDigest } from '../../src/attest/writing/sign-digest.ts';
import { SIGNATURE } from '../../src/attest/formats/statement.ts';
import { summarizeDigest } from '../../src/attest/writing/summarize-digest.ts';
import { VERIFICATION_SUMMARY } from '../../src/attest/formats/summary.ts';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { realClock } from '../../src/clock.ts';
import { digestSigning } from '../support/attached.ts';
import { homeWith } from '../support/home.ts';
import { rejection } from '../support/http-request.ts';
import { orSkip, requireProgram, type Skippable } from '../support/programs.ts';
import { startDistribution, startReferrersRegistry, type RealRegistry } from '../support/real-registries.ts';
import { buildImage, pushImage } from '../support/registry/images.ts';
import { openedSigning } from '../support/signing.ts';
import type { LocalSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const run = promisify(execFile);
const OTHER = 'other@example.com';

type Start = () => Promise<RealRegistry>;

const distribution: Start = () => startDistribution();
const referrers: Start = () => startReferrersRegistry();

type World = {
  readonly image: string;
  /** Signs and records, as often as it is called. */
  promote(): Promise<readonly [string, string]>;
  /** Writes a verification summary. */
  summarize(): Promise<string>;
  attached(): Promise<readonly Attached[]>;
  /** What somebody else's program prints. */
  ask(program: string, args: readonly string[]): Promise<string>;
  /** Signs a copy in another repository, which keeps what the image is signed with here; resolves to its name. */
  promoteCopy(): Promise<string>;
  /** cosign, which trusts this Sigstore and expects our identity unless another is given. */
  verify(command: string, flags: readonly string[], who?: string, where?: string): Promise<string>;
  /** Has cosign sign or attest, in the name of another. */
  cosignAdds(what: 'sign' | 'attest', form: keyof typeof FORMS): Promise<void>;
};

/** An image on a real registry, with all that signs it. */
async function world(test: Skippable, start: Start): Promise<World> {
  const server = await orSkip(test, start);
  onTestFinished(() => server.stop());
  const { signing, sigstore } = await openedSigning();
  const home = await homeWith({ token: sigstore.token({ email: OTHER }), 'predicate.json': { Data: 'theirs' } });
  const registries = openRegistries({
    env: { HOME: home },
    clock: realClock(),
    narrate: () => undefined,
    random: Math.random,
  });
  onTestFinished(registries.close);
  const services = await digestSigning(registries.registry, signing);
  // A registry from the environment may outlive this test.
  const path = `${randomUUID()}/app`;
  const repository = `${server.address}/${path}`;
  const subject = await pushImage(`http://${server.address}`, path, buildImage({ seed: 801 }), ['v1']);
  const { digest } = subject;
  const call = { signal: new AbortController().signal };
  const reference = 'prod.test/app';
  const facts = { reference, digest, tags: ['v1'], time: 0, promoter: { version: 'v1.0.0' } };
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TUF_ROOT: join(home, 'tuf'),
    HTTPS_PROXY: 'http://127.0.0.1:9',
    // cosign asks for it before it refers to an image
    COSIGN_EXPERIMENTAL: '1',
  };
  const image = `${repository}@${digest}`;
  const ask: World['ask'] = async (name, args) => {
    const program = await orSkip(test, () => requireProgram(name));
    return (await run(program, args, { env })).stdout;
  };
  return {
    image,
    promote: async () => [
      await signDigest(services, { repository, digest, reference }, call),
      await recordDigest(services, { repository, facts }, call),
    ],
    promoteCopy: async () => {
      await pushImage(`http://${server.address}`, `${path}/prod`, buildImage({ seed: 801 }), ['v1']);
      const copy = `${repository}/prod`;
      await signDigest(services, { repository: copy, digest, reference, staging: repository }, call);
      return `${copy}@${digest}`;
    },
    summarize: () => {
      const policy = { name: 'a.yaml', uri: 'git+https://git.test/a', gitCommit: 'a'.repeat(40) };
      const about = { reference, digest, version: 'v1.0.0', time: 0, policies: [policy], inputs: [] } as const;
      const signers = { ...services, summarySigner: services.signer, supersede: false };
      const summary = { ...about, outcome: { result: 'PASSED', level: 3 } } as const;
      return summarizeDigest(signers, { repository, subject, facts: summary }, call);
    },
    attached: () => attachedTo(registries.registry, services.verifier, repository, digest, call),
    ask,
    verify: (command, flags, who = SIGNER.subject, where = image) => {
      const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--certificate-oidc-issuer=${SIGNER.issuer}`];
      return ask('cosign', [command, ...flags, ...trust, `--certificate-identity=${who}`, where]);
    },
    cosignAdds: async (what, form) => {
      await ask('cosign', [what, '-y', ...addingFlags(sigstore, home, what, form), image]);
    },
  };
}

/** The flags for each form in which cosign attaches: `referrer` is what a `.sig` tag holds, as a referrer. */
const FORMS = {
  tag: ['--new-bundle-format=false'],
  bundle: [],
  referrer: ['--new-bundle-format=false', '--registry-referrers-mode=oci-1-1'],
} as const;

/** How cosign is told to sign or attest with this Sigstore. */
function addingFlags(
  { fulcioUrl, rekorUrl, trustedRootFile, signingConfigFile }: LocalSigstore,
  home: string,
  what: 'sign' | 'attest',
  form: keyof typeof FORMS,
): readonly string[] {
  const services =
    form === 'bundle'
      ? [`--signing-config=${signingConfigFile}`]
      : ['--use-signing-config=false', `--fulcio-url=${fulcioUrl}`, `--rekor-url=${rekorUrl}`];
  const who = [`--identity-token=${join(home, 'token')}`, `--trusted-root=${trustedRootFile}`];
  const about = what === 'sign' ? [] : ['--type=vuln', `--predicate=${join(home, 'predicate.json')}`];
  return [...who, ...about, ...FORMS[form], ...services];
}

const kinds = (all: readonly Attached[]): string[] =>
  all.map(({ form, kind, verdict: { status } }) => `${form} ${kind} ${status}`).toSorted();

const OURS = ['bundle record verified', 'bundle signature verified', 'sig signature verified'];

describe('what we attach', () => {
  it('is there once, and as cosign wants it', async (test) => {
    const { promote, attached, verify } = await world(test, distribution);
    expect(await promote()).toEqual(['written', 'written']);
    expect(await promote()).toEqual(['there', 'there']);
    expect(kinds(await attached())).toEqual(OURS);
    expect(await verify('verify', ['--new-bundle-format'])).toContain(SIGNATURE);
    expect(await verify('verify', ['--new-bundle-format=false'])).toContain('prod.test/app');
    expect(await verify('verify-attestation', ['--type', PROMOTION_RECORD])).not.toBe('');
    for (const flag of ['--new-bundle-format', '--new-bundle-format=false'])
      expect(String(await rejection(verify('verify', [flag], OTHER)))).toMatch(/identit|SAN/i);
  });

  it('summarizes once, and as cosign wants it', async (test) => {
    const { promote, summarize, attached, verify } = await world(test, referrers);
    await promote();
    expect([await summarize(), await summarize()]).toEqual(['written', 'there']);
    expect(kinds(await attached())).toEqual(['bundle attestation verified', ...OURS].toSorted());
    expect(await verify('verify-attestation', ['--type', VERIFICATION_SUMMARY])).not.toBe('');
    expect(await verify('verify', ['--new-bundle-format'])).toContain(SIGNATURE);
  });

  it('is shown by oras and regctl', async (test) => {
    const { promote, attached, image, ask } = await world(test, distribution);
    await promote();
    const bundles = (await attached()).filter(({ form }) => form === 'bundle').map(({ manifest }) => manifest);
    const host = image.split('/')[0];
    const shown = [
      await ask('oras', ['discover', '--plain-http', image]),
      await ask('regctl', ['--host', `reg=${host},tls=disabled`, 'artifact', 'tree', image]),
    ];
    for (const text of shown) for (const digest of bundles) expect(text).toContain(digest);
  });

  it('stands beside what cosign signs, before us and after', async (test) => {
    const { promote, attached, verify, cosignAdds } = await world(test, distribution);
    for (const form of ['tag', 'bundle'] as const) await cosignAdds('sign', form);
    expect(await promote()).toEqual(['written', 'written']);
    for (const form of ['tag', 'bundle'] as const) await cosignAdds('sign', form);
    expect(await promote()).toEqual(['there', 'there']);
    const theirs = ['bundle signature verified', 'sig signature verified'];
    expect(kinds(await attached())).toEqual([...OURS, ...theirs, ...theirs].toSorted());
    for (const flag of ['--new-bundle-format', '--new-bundle-format=false'])
      for (const who of [SIGNER.subject, OTHER]) expect(await verify('verify', [flag], who)).not.toBe('');
  });

  it.for([
    ['tag', '--new-bundle-format=false'],
    ['bundle', '--new-bundle-format'],
  ] as const)('keeps what cosign signed in staging as a %s', async ([form, flag], test) => {
    const { promoteCopy, verify, cosignAdds } = await world(test, distribution);
    await cosignAdds('sign', form);
    const copy = await promoteCopy();
    expect(await verify('verify', [flag], OTHER, copy)).not.toBe('');
  });

  it('stands beside a signature that cosign wrote as a referrer, which is found and verified', async (test) => {
    const { promote, attached, verify, cosignAdds } = await world(test, referrers);
    await cosignAdds('sign', 'referrer');
    expect(kinds(await attached())).toEqual(['sig-referrer signature verified']);
    expect(await verify('verify', ['--new-bundle-format=false', '--experimental-oci11'], OTHER)).not.toBe('');
    expect(await promote()).toEqual(['written', 'written']);
    expect(kinds(await attached())).toEqual([...OURS, 'sig-referrer signature verified'].toSorted());
  });

  it('is verified beside what cosign attests, in both its forms', async (test) => {
    const { promote, attached, verify, cosignAdds } = await world(test, referrers);
    for (const form of ['tag', 'bundle'] as const) await cosignAdds('attest', form);
    expect(await promote()).toEqual(['written', 'written']);
    expect(await promote()).toEqual(['there', 'there']);
    const theirs = ['att attestation verified', 'bundle attestation verified'];
    expect(kinds(await attached())).toEqual([...OURS, ...theirs].toSorted());
    expect(await verify('verify', ['--new-bundle-format'])).toContain(SIGNATURE);
    expect(await verify('verify-attestation', ['--type', PROMOTION_RECORD])).not.toBe('');
  });
});
