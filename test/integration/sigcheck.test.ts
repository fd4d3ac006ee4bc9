import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import type { Digest } from '../../src/image/digest.ts';
import { homeWith } from '../support/home.ts';
import { kpromo, type CipOptions, type CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import { startSigstore, type LocalSigstore } from '../support/sigstore/local.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const WHO = `${SIGNER.subject} (${SIGNER.issuer})`;
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

const ENTRIES = { app: ['app', digestOf(app), 'v1'], tool: ['tool', digestOf(tool), 'v2'] } as const;

type Promotion = {
  readonly registry?: RegistryOptions;
  /** How many registries it goes to: as few as tell the primary from another. */
  readonly mirrors?: number;
  /** What is promoted: the image alone unless given. */
  readonly images?: readonly (keyof typeof ENTRIES)[];
  readonly flags?: readonly string[];
};
const [BOTH, UNSIGNED] = [{ images: ['app', 'tool'] }, { flags: ['--sign=false'] }] as const;

/** Images that are promoted to the mirrors; what is attached to them is up to the test. */
async function promoted({ registry = {}, mirrors = 2, ...promotion }: Promotion = {}): Promise<Promoted> {
  return promotedOn(await signingStage(mirrors, { registry }), promotion);
}

async function promotedOn(
  stage: SigningStage,
  { images = ['app'], flags = [] }: Pick<Promotion, 'images' | 'flags'> = {},
  options?: CipOptions,
): Promise<Promoted> {
  storeImage(stage.staging.store, 'staging/app', app);
  storeImage(stage.staging.store, 'staging/tool', tool);
  const project = stage.project(images.map((name) => ENTRIES[name]));
  const first = await stage.run([project], ['--confirm', ...flags], options);
  expect([first.code, errors(first)]).toEqual([0, []]);
  const places = stage.mirrors.map(({ host }) => host);
  const plain: Promoted['plain'] = (args, { env = {}, sigstore = stage.sigstore, ...rest } = {}) => {
    const trust = [`--trusted-root=${sigstore.trustedRootFile}`, `--signing-config=${sigstore.signingConfigFile}`];
    return kpromo(['sigcheck', ...trust, ...args], { ...rest, env: { SIGSTORE_ID_TOKEN: sigstore.token(), ...env } });
  };
  const checkIn: Promoted['checkIn'] = async (args, given) => {
    await using tree = await writeTree([project]);
    return await plain(['--manifests', tree.path, ...args], given);
  };
  const check: Promoted['check'] = (...args) => checkIn([...EXPECTED, ...args]);
  stage.taken();
  return { stage, project, primary: `${places[0] ?? ''}/prod`, places, plain, checkIn, check };
}

type Promoted = {
  readonly stage: SigningStage;
  readonly project: ProjectSpec;
  readonly primary: string;
  /** The mirrors' hosts, that of the primary first. */
  readonly places: readonly string[];
  /** Checks the tree, and expects the usual signer. */
  check(...args: readonly string[]): Promise<CipRun>;
  /** Checks the tree with other flags, another Sigstore or environment. */
  checkIn(args: readonly string[], given?: Given): Promise<CipRun>;
  /** Checks without a tree. */
  plain(args: readonly string[], given?: Given): Promise<CipRun>;
};

type Given = CipOptions & { readonly sigstore?: LocalSigstore };

describe('checking signatures', () => {
  it.each<[string, RegistryOptions]>([
    ['with the Google listing', { google: true }],
    ['with fallback tags', { referrers: false }],
  ])('finds what mirrors lack, repairs it, and then finds nothing, %s', async (_, registry) => {
    const { check, primary, stage } = await promoted({ registry, ...BOTH });
    const before = await check();
    expect(before.code).toBe(1);
    expect(rows(before)).toContain(`app | ${primary}/app | verified, recorded | ${WHO}`);
    expect(before.stdout).toContain('signatures, by digest and repository: 2 verified, 2 unsigned\n');
    expect(before.stdout).toContain('records, by digest and repository: 2 recorded, 2 unrecorded\n');
    expect(stage.taken().writes).toBe(0);

    const repaired = await check('--confirm');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
    expect(repaired.log).toContain('info No attestations to repair');
    expect(repaired.summary).toContain('0 signed, 0 recorded');
    expect(rows(repaired)).toEqual(['app', 'tool'].map((name) => `${name} | all 2 | verified, recorded | ${WHO}`));
    const { fulcio, rekor, writes } = stage.taken();
    expect({ fulcio, rekor }).toEqual({ fulcio: 0, rekor: 0 });
    expect(writes).toBeGreaterThan(0);

    const after = await check('--confirm');
    expect([after.code, errors(after)]).toEqual([0, []]);
    expect(after.stdout).toContain('2 digests checked\nsignatures, by digest and repository: 4 verified\n');
    expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0 });
  });

  it('signs, records and replicates what was promoted without', async () => {
    const { check, primary, stage } = await promoted({ ...BOTH, ...UNSIGNED });
    const before = await check();
    expect(before.code).toBe(1);
    expect(before.log).toContain(`info No attestation found for ${primary}/app@${digestOf(app)}`);
    expect(before.stdout).toContain('signatures, by digest and repository: 4 unsigned\n');
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

  it('selects by days where the listing tells them, and else says that it does not', async () => {
    const { check, checkIn, stage } = await promoted({ registry: { google: true }, ...BOTH, ...UNSIGNED });
    const late = await check('--from-days=10', '--to-days=5');
    expect([late.code, late.stdout]).toEqual([0, '0 digests checked\n']);
    expect(late.log).toContain('info 2 digests uploaded before or after are not checked (--from-days, --to-days)');
    // a listing for each primary repository, and nothing else
    expect(stage.taken()).toMatchObject({ requests: 2, fulcio: 0 });
    const slow = await checkIn(EXPECTED, { behind: 3 * 60_000 });
    expect(slow.stdout).toContain('2 digests checked\n');
    const other = await promoted({ ...BOTH, ...UNSIGNED });
    const old = await other.check('--from-days=10', '--to-days=5');
    expect(old.stdout).toContain('2 digests checked\n');
    expect(old.log).toContain(
      'info 2 digests checked whatever their age: their registries do not tell when they were uploaded',
    );
  });

  it('checks no more digests than the limit, and demands no records of what is older', async () => {
    const { check } = await promoted({ registry: { google: true }, ...BOTH, ...UNSIGNED });
    const one = await check('--limit=1', '--attestations-since=2100-01-01');
    expect(one.stdout).toContain('1 digest checked, 1 more left out\n');
    expect(rows(one)).toEqual(['app | all 2 | unsigned']);
    expect(one.log).toContain('info 1 digest more not checked (--limit)');
  });

  it('checks references by any name, on all mirrors of the tree or where they stand', async () => {
    const { check, plain, primary, places } = await promoted();
    const mirror = `${places[1] ?? ''}/prod/app`;
    const onAll = await check(`${mirror}:v1`);
    expect(rows(onAll)[0]).toBe(`app | ${primary}/app | verified, recorded | ${WHO}`);
    expect(rows(onAll).slice(1)).toEqual([expect.stringContaining('unsigned'), expect.stringContaining('unrecorded')]);
    const there = await plain([...EXPECTED, `${primary}/app@${digestOf(app)}`, `${primary}/app:v1`]);
    expect([there.code, errors(there)]).toEqual([0, []]);
    expect(rows(there)).toEqual([`prod/app | ${primary}/app | verified, recorded | ${WHO}`]);
    const nowhere = await plain([...EXPECTED, `${primary}/app:v9`, `${primary}/app@sha256:${'0'.repeat(64)}`]);
    expect(nowhere.code).toBe(1);
    expect(errors(nowhere)).toEqual([
      expect.stringContaining(`looking up ${primary}/app:v9: no manifest and no registry knows it`),
      expect.stringContaining(`${primary}/app@sha256:${'0'.repeat(64)} is not there`),
    ]);
  });

  it('says untrusted of what others signed, refuses to repair in a name that is not expected, and repairs beside it', async () => {
    const stage = await signingStage(1);
    const token = stage.sigstore.token({ email: 'other@example.com' });
    const { check, checkIn, primary } = await promotedOn(stage, {}, { env: { SIGSTORE_ID_TOKEN: token } });
    const strange = await check();
    expect(strange.code).toBe(1);
    expect(rows(strange)[0]).toMatch(
      /^app \| .* \| untrusted \| other@example\.com .* \| it is signed by the unexpected identity other@example\.com/,
    );
    expect((await checkIn(['--certificate-identity-regexp=(other|promoter)@example\\.com'])).code).toBe(0);
    expect((await checkIn(['--certificate-identity-regexp=other'])).code).toBe(1);

    const refused = await checkIn(['--confirm', '--certificate-identity=other@example.com']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${WHO} would sign, but is not an expected signer`);
    expect(stage.taken()).toMatchObject({ writes: 0 });

    const repaired = await check('--confirm');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
    const all = await stage.attached(`${primary}/app`, digestOf(app));
    expect(all.filter((line) => line.includes('other@example.com'))).toHaveLength(3);
    expect(all.filter((line) => line.includes(SIGNER.subject))).toHaveLength(3);
  });

  it('says unverifiable of another Sigstore, and failed of what is of another image', async () => {
    const theirs = await startSigstore();
    onTestFinished(() => theirs.stop());
    const { stage, checkIn, check, primary } = await promoted();
    const unknown = await checkIn(EXPECTED, { sigstore: theirs });
    expect(unknown.code).toBe(1);
    expect(rows(unknown)[0]).toBe(`app | ${primary}/app | unverifiable | its certificate is from another authority`);

    const store = stage.mirrors.find(({ host }) => primary.startsWith(host))?.store;
    const moved = store?.resolve('prod/app', cosignTag(digestOf(app), 'sig'));
    const signature = moved && store?.repository('prod/app')?.manifests.get(moved);
    if (store === undefined || signature?.bytes === undefined) throw new Error('it is signed');
    const plain = buildImage({ seed: 77 });
    storeImage(store, 'prod/app', plain, ['v7']);
    store.putManifest('prod/app', cosignTag(digestOf(plain), 'sig'), signature.mediaType, signature.bytes);
    const wrong = await check(`${primary}/app:v7`);
    expect(rows(wrong)[0]).toBe(`prod/app | ${primary}/app | failed | it is about another digest`);
  });

  it('repairs one platform of an index', async () => {
    const { stage, check, primary } = await promoted({ images: ['tool'] });
    await check('--confirm');
    const [platform] = tool.children;
    const store = stage.mirrors.find(({ host }) => primary.startsWith(host))?.store;
    if (platform === undefined || store === undefined) throw new Error('an index has platforms');
    store.remove('prod/tool', 'manifest', cosignTag(digestOf(platform), 'sig'));
    for (const [digest, { bytes }] of store.repository('prod/tool')?.manifests ?? []) {
      if (bytes === undefined) continue;
      const { subject } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { subject?: { digest: string } };
      if (subject?.digest === digestOf(platform)) store.remove('prod/tool', 'manifest', digest);
    }
    const broken = await check();
    expect(broken.code).toBe(1);
    expect(rows(broken)).toContain(
      `tool | ${primary}/tool | unsigned | only platform ${digestOf(platform).slice(0, 19)}…`,
    );
    const repaired = await check('--confirm');
    expect(repaired.summary).toContain('1 signed, 0 recorded');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
  });

  it('goes on without a mirror that is down, and fails', async () => {
    const { stage, check, checkIn, places } = await promoted({ registry: { google: true }, mirrors: 3 });
    await check('--confirm');
    const gone = stage.mirrors.find(({ host }) => host === places[2]);
    await gone?.close();
    const { code, stdout, log } = await checkIn(EXPECTED, { speed: 200 });
    expect(code).toBe(1);
    expect(stdout).toContain('signatures, by digest and repository: 2 verified\n');
    expect(log.filter((line) => line.startsWith('error '))).toEqual([
      expect.stringContaining(`reading registry ${places[2] ?? ''}:`),
    ]);
  });

  it('leaves what it cannot sign a failure, with the reason, and signs it the next time', async () => {
    const { stage, check, checkIn } = await promoted({ ...BOTH, ...UNSIGNED });
    const restore = stage.sigstore.inject('fulcio', { kind: 'status', status: 403 });
    const failed = await checkIn([...EXPECTED, '--confirm'], { speed: 200 });
    expect(failed.code).toBe(1);
    expect(errors(failed).filter((line) => /repairing .*Fulcio/.test(line))).toEqual([
      expect.stringContaining('(the same for 1 more)'),
    ]);
    expect(failed.stdout).toContain('signatures, by digest and repository: 4 unsigned\n');
    expect(stage.taken()).toMatchObject({ writes: 0 });
    restore();
    const repaired = await check('--confirm');
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
  });

  it('expects the key where one is given, and repairs with it', async () => {
    const { checkIn } = await promoted(UNSIGNED);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const home = await homeWith({
      'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'key.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
    const key = [`--key=${join(home, 'key.pem')}`];
    const env = { SIGSTORE_ID_TOKEN: '' };
    const repaired = await checkIn([...key, '--confirm'], { env });
    expect([repaired.code, errors(repaired)]).toEqual([0, []]);
    expect(rows(repaired)[0]).toMatch(/^app \| all 2 \| verified, recorded \| the key /);
    const known = [`--key=${join(home, 'key.pub')}`];
    const checked = await checkIn(known, { env });
    expect([checked.code, rows(checked)]).toEqual([0, rows(repaired)]);
    const refused = await checkIn([...known, '--confirm'], { env });
    expect([refused.code, refused.log.at(-1)]).toEqual([1, expect.stringContaining('is a public key, which can only')]);
    expect((await checkIn(EXPECTED)).stdout).toContain('signatures, by digest and repository: 2 unverifiable\n');
  });

  it('reads what is attached once, and costs each further mirror five requests', async () => {
    const { stage, check, primary, places } = await promoted({ mirrors: 3 });
    await check('--confirm');
    stage.taken();
    const { code } = await check(`${primary}/app:v1`);
    expect(code).toBe(0);
    const sent = stage.mirrors.map(({ host, counters }) => [host, counters.log.map(({ kind }) => kind)] as const);
    const kindsOf = (place: string | undefined): readonly string[] =>
      sent.find(([host]) => host === place)?.[1].toSorted() ?? [];
    // on the primary also the image, a layer, and two bundles with a layer each
    expect(kindsOf(places[0])).toHaveLength(9);
    for (const place of places.slice(1))
      expect(kindsOf(place)).toEqual(['getManifest', 'getManifest', 'headManifest', 'headManifest', 'referrers']);
  });
});
