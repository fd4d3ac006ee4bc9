import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Signer } from '../../src/attest/roles.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { realClock } from '../../src/clock.ts';
import { attest, slsa, SLSA_V1, SPDX, type Attested } from '../support/evidence.ts';
import { keySigner } from '../support/key-signer.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { homeWith } from '../support/home.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { cip } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { signingIn } from '../support/signing.ts';
import { GITHUB_CLAIMS, SIGNER, WORKFLOW, type Claims } from '../support/sigstore/oidc.ts';
import { startSigstore } from '../support/sigstore/local.ts';

const forever = new AbortController().signal;
const BUILDER = 'https://ci.example/builder';
const SOURCE = 'github.com/acme/app';
const GOOD: Attested = { predicateType: SLSA_V1, predicate: slsa(BUILDER, SOURCE) };

/** A policy of our signer, builder and source. */
const policy = (mode: 'warn' | 'require'): string => `provenance:
  mode: ${mode}
  signers: ["sigstore::${SIGNER.issuer}::${SIGNER.subject}"]
  builders: [{ id: "${BUILDER}", level: 3 }]
  sources: [${SOURCE}]
`;

const KNOWN = ['--certificate-identity', SIGNER.subject];
/** Only those who debug are told about each image. */
const DEBUG = '--log-level=debug';
const CONFIRM = ['--confirm', '--sign=false', ...KNOWN];

type Signers = { readonly own: Signer; readonly stranger: Signer; readonly foreign: Signer; readonly key: Signer };

async function signersOf({ sigstore }: SigningStage): Promise<Signers> {
  const world = { sigstore, clock: realClock() };
  const named = async (claims: Claims = {}): Promise<Signer> =>
    (await signingIn(world, { env: { SIGSTORE_ID_TOKEN: sigstore.token(claims) } })).signer(forever);
  const other = await startSigstore();
  onTestFinished(() => other.stop());
  const foreign = await (await signingIn({ ...world, sigstore: other })).signer(forever);
  return {
    own: await named(),
    stranger: await named({ email: 'stranger@example.com' }),
    foreign,
    key: await keySigner(world),
  };
}

function stage(world: SigningStage, seed: number, image: BuiltImage = buildImage({ seed })): Descriptor {
  return storeImage(world.staging.store, 'staging/app', image, [`b${seed}`]);
}

const put = ({ staging }: SigningStage, subject: Descriptor, by: Signer, what: Attested): Promise<void> =>
  attest(staging.store, 'staging/app', subject, by, what);

/** The tags that the first mirror has. */
const mirrored = ({ mirrors: [mirror] }: SigningStage): readonly string[] =>
  Object.keys(mirror?.snapshot()['prod/app']?.tags ?? {}).toSorted();

describe('provenance of what is promoted', () => {
  it('R16 passes an own attestation, warns of a foreign and a key-signed one, and blocks a tampered one', async () => {
    const world = await signingStage(1);
    const { own, stranger, foreign, key } = await signersOf(world);
    const [passed, others, keyed, tampered] = [1, 2, 3, 4].map((seed) => stage(world, seed)) as [
      Descriptor,
      Descriptor,
      Descriptor,
      Descriptor,
    ];
    for (const form of ['bundle', 'att'] as const) await put(world, passed, own, { predicateType: SPDX, form });
    await put(world, others, stranger, { predicateType: SPDX });
    await put(world, others, foreign, { predicateType: SPDX });
    await put(world, keyed, key, { predicateType: SPDX });
    await put(world, tampered, own, { predicateType: SPDX, tampered: true });
    const images = [passed, others, keyed, tampered].map(
      ({ digest }, index) => ['app', digest, `v${index + 1}`] as const,
    );
    const { code, log, summary } = await world.run([world.project(images)], [...CONFIRM, DEBUG]);
    expect(code).toBe(1);
    expect(mirrored(world)).toEqual(['v1', 'v2', 'v3']);
    const about = ({ digest }: Descriptor): readonly string[] =>
      log.filter((line) => line.includes(digest) && /attestation|sbom/.test(line));
    expect(about(passed).join('\n')).toMatch(/Attestations found for .*attestations verified/);
    expect(about(others).join('\n')).toMatch(/attestations untrusted[^]*is unverifiable: .* from another authority/);
    expect(about(keyed).join('\n')).toMatch(/sbom .*is unverifiable: .*key/);
    expect(log).toContainEqual(expect.stringMatching(/^warning 2 images have something attached that cannot be/));
    expect(summary).toContain('TAMPERED');
    expect(summary).not.toContain('PROVENANCE');
  });

  it('holds claims against what Fulcio certified of whoever called a trusted workflow', async () => {
    const world = await signingStage(1);
    const builder = 'https://github.com/acme/builder/.github/workflows/build.yaml@refs/tags/v1';
    const callerOf = async (repository: string): Promise<Signer> => {
      const claims = { ...GITHUB_CLAIMS, repository, job_workflow_ref: builder.replace('https://github.com/', '') };
      const env = { SIGSTORE_ID_TOKEN: world.sigstore.token(claims) };
      return (await signingIn({ sigstore: world.sigstore, clock: realClock() }, { env })).signer(forever);
    };
    const [honest, forged] = [stage(world, 61), stage(world, 62)];
    const source = 'github.com/acme/app';
    const commit = String(GITHUB_CLAIMS['sha']);
    const claimed = { predicateType: SLSA_V1, predicate: slsa(BUILDER, source, { ref: 'refs/heads/main', commit }) };
    await put(world, honest, await callerOf('acme/app'), claimed);
    await put(world, forged, await callerOf('attacker/evil'), claimed);
    const manifest = `provenance:
  mode: require
  signers: ["sigstore::${WORKFLOW.issuer}::${builder}"]
  builders: [{ id: "${BUILDER}", level: 3 }]
  sources: [${source}]
`;
    const entries = [honest, forged].map(({ digest }, index) => ['app', digest, `v${index + 1}`] as const);
    const { code, summary } = await world.run([world.project(entries, { manifest })], CONFIRM);
    expect(code).toBe(1);
    expect(mirrored(world)).toEqual(['v1']);
    expect(summary).toContain('its certificate https://github.com/attacker/evil');
  });

  it('holds back under require, and promotes the others and signs them; a dry run tells the same', async () => {
    const world = await signingStage(2);
    const { own, stranger } = await signersOf(world);
    const [good, unsigned, wrong] = [11, 12, 13].map((seed) => stage(world, seed)) as [
      Descriptor,
      Descriptor,
      Descriptor,
    ];
    await put(world, good, own, GOOD);
    await put(world, wrong, stranger, GOOD);
    const entries = [good, unsigned, wrong].map(({ digest }, index) => ['app', digest, `v${index + 1}`] as const);
    const projects = [world.project(entries, { manifest: policy('require') })];
    world.taken();
    const dry = await world.run(projects, KNOWN, { env: {} });
    expect(dry.code).toBe(1);
    expect(world.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
    const run = await world.run(projects, ['--confirm', ...KNOWN]);
    expect(run.code).toBe(1);
    for (const { summary } of [dry, run]) {
      expect(summary).toContain('no build provenance is attached');
      expect(summary).toContain('stranger@example.com');
      expect(summary.match(/PROVENANCE/g)).toHaveLength(2);
    }
    expect(mirrored(world).filter((tag) => tag.startsWith('v'))).toEqual(['v1']);
    const [primary = ''] = world.mirrors.map(({ host }) => host);
    expect(await world.attached(`${primary}/prod/app`, good.digest)).toContainEqual(
      expect.stringMatching(/^record bundle verified/),
    );
    expect(await world.attached(`${primary}/prod/app`, unsigned.digest)).toEqual([]);
  });

  it('warns where the policy warns, and promotes', async () => {
    const world = await signingStage(1);
    const { digest } = stage(world, 21);
    const projects = [world.project([['app', digest, 'v1']], { manifest: policy('warn') })];
    const { code, log, summary } = await world.run(projects, CONFIRM);
    expect(code).toBe(0);
    expect(log).toContainEqual(expect.stringMatching(/^warning .*does not satisfy the provenance policy/));
    expect(summary).toContain('no build provenance is attached');
    expect(mirrored(world)).toEqual(['v1']);
  });

  it('passes an index by the provenance of all its platforms, and not by that of one', async () => {
    const world = await signingStage(1);
    const { own } = await signersOf(world);
    const [whole, half] = [31, 32].map((seed) => buildMultiPlatform({ seed }, ['linux/amd64', 'linux/arm64'])) as [
      BuiltImage,
      BuiltImage,
    ];
    const entries = [whole, half].map((image, index) => {
      const { digest } = stage(world, 31 + index, image);
      return ['app', digest, `v${index + 1}`] as const;
    });
    for (const { manifest } of [...whole.children, ...half.children.slice(0, 1)])
      await put(world, manifest.descriptor, own, GOOD);
    const { code, summary } = await world.run([world.project(entries, { manifest: policy('require') })], CONFIRM);
    expect(code).toBe(1);
    expect(mirrored(world)).toEqual(['v1']);
    expect(summary).toMatch(/platform\s+sha256:\w+…:\s+no\s+build\s+provenance\s+is\s+attached/);
  });

  it('verifies a digest once: 22 mirrors with 3 tags cost staging what one costs, and a second run nothing', async () => {
    const asked = async (mirrors: number, tags: readonly string[]): Promise<readonly string[]> => {
      const world = await signingStage(mirrors);
      const { own } = await signersOf(world);
      const subject = stage(world, 41);
      await put(world, subject, own, GOOD);
      await put(world, subject, own, { predicateType: SPDX, form: 'att' });
      const projects = [world.project([['app', subject.digest, ...tags]], { manifest: policy('require') })];
      world.taken();
      expect((await world.run(projects, CONFIRM)).code).toBe(0);
      const requests = world.staging.counters.log
        .map(({ method, path }) => `${method} ${path.replace(/sha256[:-]\w+/, '')}`)
        .toSorted();
      world.taken();
      expect((await world.run(projects, CONFIRM)).code).toBe(0);
      expect(world.staging.counters.log).toEqual([]);
      return requests;
    };
    const one = await asked(1, ['v1']);
    expect(one.filter((request) => request.includes('/referrers/'))).toHaveLength(1);
    expect(await asked(22, ['v1', 'v2', 'v3'])).toEqual(one);
  });

  it.each([
    ['dry run without a policy', [], '', 0],
    ['dry run under a policy that warns', [], policy('warn'), 0],
    ['dry run under a policy that requires', [], policy('require'), 1],
    ['promotion without a policy', ['--confirm'], '', 0],
  ] as const)('says unverifiable where no trusted root can be had: a %s', async (_, flags, manifest, expected) => {
    const world = await signingStage(1);
    const { own } = await signersOf(world);
    const subject = stage(world, 51);
    await put(world, subject, own, GOOD);
    const projects = [world.project([['app', subject.digest, 'v1']], { manifest })];
    const env = { TUF_MIRROR: 'http://127.0.0.1:1', TUF_ROOT: join(await homeWith({}), 'tuf') };
    await using tree = await writeTree(projects);
    const given = ['--manifests', tree.path, '--sign=false', DEBUG, ...flags];
    const { code, log } = await cip(given, { env, speed: 100 });
    expect(log.filter((line) => line.includes('set --trusted-root FILE'))).toHaveLength(1);
    expect(log).toContainEqual(expect.stringContaining('attestations unverifiable'));
    expect(code).toBe(expected);
  });

  it('does not promote what it cannot read about: a list that answers 500 is no answer', async () => {
    const world = await signingStage(1, {
      registry: { fault: ({ path }) => (path.includes('/referrers/') ? { status: 500 } : undefined) },
    });
    const { digest } = stage(world, 61);
    const { code, summary } = await world.run([world.project([['app', digest, 'v1']])], CONFIRM, { speed: 100 });
    expect(code).toBe(1);
    expect(summary).toContain('REGISTRY_ERROR');
    expect(mirrored(world)).toEqual([]);
  });

  it('R24 tells for how many days staging will still have what is held back', async () => {
    const old = fakeClock({ start: realClock().now() - 80 * 24 * 3600_000, skipWaits: true });
    const world = await signingStage(1, { registry: { google: true, clock: old } });
    const { digest } = stage(world, 71);
    const projects = [world.project([['app', digest, 'v1']], { manifest: policy('require') })];
    const { code, summary } = await world.run(projects, [...CONFIRM, '--staging-retention=90d']);
    expect(code).toBe(1);
    expect(summary).toMatch(/app@sha256:\w+… will become unrepairable in 9 days/);
    expect((await world.run(projects, CONFIRM)).summary).not.toContain('unrepairable');
  });
});
