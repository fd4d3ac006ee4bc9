import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const EXPECTED = [`--certificate-identity=${SIGNER.subject}`];
const errors = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('error '));
const rows = ({ stdout }: CipRun): readonly string[] =>
  stdout
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith('sha256:'))
    .map((line) => line.split(/ {2,}/).slice(1).join(' | '));

const app = buildImage({ seed: 1 });
const tool = buildMultiPlatform({ seed: 10 }, ['linux/amd64', 'linux/arm64']);
const digestOf = ({ manifest }: typeof app): Digest => manifest.descriptor.digest;

/** An image and an index that are promoted to both mirrors; what is attached to them is up to the test. */
async function promoted(registry: RegistryOptions, ...flags: readonly string[]): Promise<Promoted> {
  const stage = await signingStage(3, { registry });
  storeImage(stage.staging.store, 'staging/app', app);
  storeImage(stage.staging.store, 'staging/tool', tool);
  const project = stage.project([
    ['app', digestOf(app), 'v1'],
    ['tool', digestOf(tool), 'v2'],
  ]);
  const first = await stage.run([project], ['--confirm', ...flags]);
  expect([first.code, errors(first)]).toEqual([0, []]);
  const places = stage.mirrors.map(({ host }) => host).toSorted();
  const check = async (...args: readonly string[]): Promise<CipRun> => {
    await using tree = await writeTree([project]);
    const trust = [
      `--trusted-root=${stage.sigstore.trustedRootFile}`,
      `--signing-config=${stage.sigstore.signingConfigFile}`,
    ];
    const env = { SIGSTORE_ID_TOKEN: stage.sigstore.token() };
    return await kpromo(['sigcheck', '--manifests', tree.path, ...EXPECTED, ...trust, ...args], { env });
  };
  stage.taken();
  return { stage, project, primary: `${places[0] ?? ''}/prod`, places, check };
}

type Promoted = {
  readonly stage: SigningStage;
  readonly project: ProjectSpec;
  readonly primary: string;
  /** The mirrors' hosts, that of the primary first. */
  readonly places: readonly string[];
  check(...args: readonly string[]): Promise<CipRun>;
};

describe.each<[string, RegistryOptions]>([
  ['with the Google listing', { google: true }],
  ['with the referrers API', {}],
  ['with fallback tags', { referrers: false }],
])('checking signatures, %s', (_, registry) => {
  it('finds what mirrors lack, repairs it, and then finds nothing', async () => {
    const { check, primary, stage } = await promoted(registry);
    const before = await check();
    expect(before.code).toBe(1);
    expect(rows(before)).toContain(`app | ${primary}/app | verified | ${SIGNER.subject} (${SIGNER.issuer})`);
    expect(before.stdout).toContain('signatures, by digest and repository: 2 verified, 4 unsigned\n');
    expect(before.stdout).toContain('records, by digest and repository: 2 recorded, 4 unrecorded\n');
    expect(stage.taken().writes).toBe(0);

    const repaired = await check('--confirm');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
    expect(repaired.log).toContain('info No attestations to repair');
    expect(repaired.summary).toContain('0 signed, 0 recorded');
    expect(rows(repaired)).toContain(`app | all 3 | verified | ${SIGNER.subject} (${SIGNER.issuer})`);
    const { fulcio, rekor, writes } = stage.taken();
    expect({ fulcio, rekor }).toEqual({ fulcio: 0, rekor: 0 });
    expect(writes).toBeGreaterThan(0);

    const after = await check('--confirm');
    expect([after.code, errors(after)]).toEqual([0, []]);
    expect(after.stdout).toContain('2 digests checked\nsignatures, by digest and repository: 6 verified\n');
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
  });

  it('signs, records and replicates what was promoted without', async () => {
    const { check, primary, stage } = await promoted(registry, '--sign=false');
    const before = await check();
    expect(before.code).toBe(1);
    expect(before.log).toContain(`info No attestation found for ${primary}/app@${digestOf(app)}`);
    expect(before.stdout).toContain('signatures, by digest and repository: 6 unsigned\n');
    const repaired = await check('--confirm');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
    expect(repaired.summary).toContain('2 signed, 2 recorded');
    expect(stage.taken()).toMatchObject({ fulcio: 1 });
    const record = await stage.record(`${primary}/app`, digestOf(app));
    expect(record).toMatchObject({ srcRef: `${stage.staging.host}/staging/app@${digestOf(app)}`, tags: ['v1'] });
    expect(record).toHaveProperty('manifest.name');
    // a promotion finds all of it
    expect((await check()).code).toBe(0);
  });
});
