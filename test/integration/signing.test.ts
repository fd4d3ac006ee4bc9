import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cosignTag } from '../../src/image/cosign-tag.ts';
import { homeWith } from '../support/home.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { kpromo, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { buildImage, buildMultiPlatform, storeImage, type BuiltImage } from '../support/registry/images.ts';
import { SIGNER, WORKFLOW } from '../support/sigstore/oidc.ts';

const GOOGLE = { registry: { google: true } };
const NOTHING = { writes: 0, fulcio: 0, rekor: 0, timestamp: 0 };
const digestOf = ({ manifest }: BuiltImage): string => manifest.descriptor.digest;
const image = buildImage({ seed: 1 });
const digest = digestOf(image);
const errors = ({ log }: CipRun): readonly string[] => log.filter((line) => line.startsWith('error '));

/** The primary: of mirrors that none chose the first by name. */
const primaryOf = ({ mirrors }: SigningStage): string => mirrors.map(({ host }) => `${host}/prod/app`)[0] ?? '';
const all = (reference: string, who: string = SIGNER.subject): readonly string[] => [
  `record bundle verified ${who} ${reference}`,
  `signature bundle verified ${who} ${reference}`,
  `signature sig verified ${who} ${reference}`,
];

describe('signing what is promoted', () => {
  it('signs and records on the primary, and writes and asks for nothing the next time', async () => {
    const stage = await signingStage(3, GOOGLE);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1', 'v2', 'v3']]);
    const first = await stage.run([project]);
    expect([first.code, errors(first)]).toEqual([0, []]);
    // Before the first signature; a busy machine may log other lines first.
    const identityAt = first.log.findIndex((line) => line.startsWith('info Signing identity for images will be '));
    expect(identityAt).toBeGreaterThanOrEqual(0);
    expect(identityAt).toBeLessThan(first.log.findIndex((line) => line.startsWith('info Signing image ')));
    expect(first.log).toContain(`info Signing image ${primaryOf(stage)}@${digest}`);
    expect(first.summary).toContain('1 digest signed, 1 recorded');
    expect(await stage.attached(primaryOf(stage), digest)).toEqual(all(primaryOf(stage)));
    for (const { host } of stage.mirrors.filter(({ host: name }) => !primaryOf(stage).startsWith(name)))
      expect(await stage.attached(`${host}/prod/app`, digest)).toEqual([]);
    expect(stage.taken()).toMatchObject({ fulcio: 1, rekor: 3, timestamp: 2 });
    const second = await stage.run([project]);
    expect([second.code, errors(second)]).toEqual([0, []]);
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('replicates in the same run when it is told to, and finds nothing to copy the next time', async () => {
    const stage = await signingStage(3, GOOGLE);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    const first = await stage.run([project], ['--confirm', '--replicate-signatures']);
    expect([first.code, errors(first)]).toEqual([0, []]);
    expect(first.summary).toContain('6 copies of signatures and attestations made');
    for (const { host } of stage.mirrors)
      expect(await stage.attached(`${host}/prod/app`, digest)).toEqual(all(primaryOf(stage)));
    stage.taken();
    const second = await stage.run([project], ['--confirm', '--replicate-signatures']);
    expect(second.log).toContain('info All signatures already replicated');
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('asks Fulcio once for several images', async () => {
    const stage = await signingStage(1, GOOGLE);
    const images = Array.from({ length: 4 }, (_, index) => buildImage({ seed: 100 + index }));
    for (const one of images) storeImage(stage.staging.store, 'staging/app', one);
    const project = stage.project(images.map((one, index) => ['app', digestOf(one), `v${index}`] as const));
    expect((await stage.run([project])).code).toBe(0);
    expect(stage.taken()).toMatchObject({ fulcio: 1, rekor: 12 });
    expect((await stage.run([project])).summary).toContain('4 already complete');
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('signs an index after its platforms, and records it alone', async () => {
    const stage = await signingStage(1);
    const index = buildMultiPlatform({ seed: 3 }, ['linux/amd64', 'linux/arm64']);
    storeImage(stage.staging.store, 'staging/app', index);
    expect((await stage.run([stage.project([['app', digestOf(index), 'v1']])])).code).toBe(0);
    const place = primaryOf(stage);
    expect(await stage.attached(place, digestOf(index))).toEqual(all(place));
    for (const child of index.children)
      expect(await stage.attached(place, digestOf(child))).toEqual(all(place).slice(1));
  });

  it('sends not one request more when there are no candidates', async () => {
    const stage = await signingStage(2);
    for (const { store } of [stage.staging, ...stage.mirrors])
      storeImage(store, store === stage.staging.store ? 'staging/app' : 'prod/app', image, ['v1']);
    const project = stage.project([['app', digest, 'v1']]);
    await stage.run([project], ['--confirm', '--sign=false']);
    const unsigned = stage.taken();
    const { code, summary } = await stage.run([project]);
    expect([code, stage.taken()]).toEqual([0, unsigned]);
    expect(summary).toContain('1 older ones not checked');
  });

  it.each([
    ['fails', [], 1, 'error --confirm would refuse: no signing identity found'],
    ['passes', ['--require-identity=false'], 0, 'that of the job with --confirm'],
  ])(
    'signs and writes nothing in a dry run without an identity, which %s with %j',
    async (_, flags, expected, words) => {
      const stage = await signingStage(2, GOOGLE);
      storeImage(stage.staging.store, 'staging/app', image);
      await using tree = await writeTree([stage.project([['app', digest, 'v1']])]);
      const { trustedRootFile, signingConfigFile } = stage.sigstore;
      const trust = [`--trusted-root=${trustedRootFile}`, `--signing-config=${signingConfigFile}`];
      const { code, log, stdout, summary } = await kpromo(['cip', `--manifests=${tree.path}`, ...trust, ...flags]);
      expect(code).toBe(expected);
      expect(log).toContainEqual(expect.stringContaining(words));
      expect(stdout.includes('--confirm would refuse')).toBe(expected === 1);
      expect(summary.includes('IDENTITY')).toBe(expected === 1);
      expect(summary).toContain('1 digest to sign or record');
      expect(stage.taken()).toMatchObject(NOTHING);
    },
  );

  it('says in a dry run what an earlier run left unsigned, with an exit code of its own when asked to', async () => {
    const stage = await signingStage(1, GOOGLE);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    await stage.run([project], ['--confirm', '--sign=false']);
    const dry = await stage.run([project], ['--dry-run', '--detailed-exitcode']);
    expect([dry.code, dry.summary.includes('1 digest to sign or record')]).toEqual([2, true]);
    const plan = dry.stdout.replaceAll(/\s+/g, ' ');
    expect(plan).toContain('Plan: nothing to promote of 1 image; 1 promoted before, to be signed or recorded');
    expect(plan).toContain(`to be signed and recorded as ${primaryOf(stage)}`);
    expect((await stage.run([project])).code).toBe(0);
    expect((await stage.run([project], ['--dry-run', '--detailed-exitcode'])).code).toBe(0);
  });

  it('asks nobody for anything when it is to sign and nobody can', async () => {
    const stage = await signingStage(1);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    const { code, stderr } = await stage.run([project], ['--confirm'], { env: {} });
    expect([code, stage.taken().requests]).toEqual([1, 0]);
    expect(stderr).toContain('--sign=false');
    const expired = { SIGSTORE_ID_TOKEN: stage.sigstore.token({ exp: 1 }) };
    const late = await stage.run([project], ['--confirm'], { env: expired });
    expect([late.code, stage.taken().requests]).toEqual([1, 0]);
    expect(late.stderr).toContain('expired');
  });

  it('records tagless digests with a signature beside the record, and signs them in full when told', async () => {
    const stage = await signingStage(1);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest]]);
    expect((await stage.run([project])).code).toBe(0);
    const place = primaryOf(stage);
    expect(await stage.attached(place, digest)).toEqual(all(place).slice(0, 2));
    await stage.run([project], ['--confirm', '--sign-tagless', '--repair-since=all']);
    expect(await stage.attached(place, digest)).toEqual(all(place));
  });

  it.each([
    ['legacy', 3],
    ['bundle', 2],
  ])('writes what --signature-format=%s asks for', async (format, count) => {
    const stage = await signingStage(1);
    storeImage(stage.staging.store, 'staging/app', image);
    const flags = ['--confirm', `--signature-format=${format}`];
    expect((await stage.run([stage.project([['app', digest, 'v1']])], flags)).code).toBe(0);
    // the record is a bundle, and beside it stands a signature as a bundle
    expect(await stage.attached(primaryOf(stage), digest)).toEqual(all(primaryOf(stage)).slice(0, count));
  });

  it('R3 R12 signs a digest in two repositories under both names, and records what it signed', async () => {
    const stage = await signingStage(2, GOOGLE);
    for (const name of ['app', 'tool']) storeImage(stage.staging.store, `staging/${name}`, image);
    const project = stage.project([
      ['app', digest, 'v1'],
      ['app', digest, 'v2'],
      ['tool', digest, 'v1'],
    ]);
    expect((await stage.run([project])).code).toBe(0);
    const place = primaryOf(stage);
    expect(await stage.attached(place, digest)).toEqual(all(place));
    const tool = place.replace(/app$/, 'tool');
    expect(await stage.attached(tool, digest)).toEqual(all(tool));
  });

  it('R14 signs on the primary that is chosen, in the middle of the list, for all mirrors to get it', async () => {
    const stage = await signingStage(3);
    storeImage(stage.staging.store, 'staging/app', image);
    const host = stage.mirrors[1]?.host ?? '';
    const project = stage.project([['app', digest, 'v1']]);
    const flags = ['--confirm', `--primary-registry=${host}`];
    expect((await stage.run([project], flags)).code).toBe(0);
    const reference = `${host}/prod/app`;
    for (const mirror of stage.mirrors)
      expect(await stage.attached(`${mirror.host}/prod/app`, digest)).toEqual(
        mirror.host === host ? all(reference) : [],
      );
    expect((await stage.run([project], ['replicate-signatures', ...flags])).code).toBe(0);
    for (const mirror of stage.mirrors)
      expect(await stage.attached(`${mirror.host}/prod/app`, digest)).toEqual(all(reference));
  });

  it('R22 signs nothing again, and leaves the .sig tag as it is, when a digest gets a second tag', async () => {
    const stage = await signingStage(1);
    storeImage(stage.staging.store, 'staging/app', image);
    expect((await stage.run([stage.project([['app', digest, 'v1']])])).code).toBe(0);
    const signatures = (): string | undefined =>
      stage.mirrors[0]?.store.resolve('prod/app', cosignTag(image.manifest.descriptor.digest, 'sig'));
    const before = signatures();
    stage.taken();
    expect((await stage.run([stage.project([['app', digest, 'v1', 'v2']])])).code).toBe(0);
    expect([stage.taken(), signatures()]).toMatchObject([{ writes: 1, fulcio: 0, rekor: 0 }, before]);
    expect(before).toBeDefined();
  });

  it('R26 writes and signs nothing again where referrers are listed unannounced', async () => {
    const stage = await signingStage(1, { registry: { google: true, referrers: 'unannounced' } });
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    expect((await stage.run([project])).code).toBe(0);
    expect(await stage.attached(primaryOf(stage), digest)).toEqual(all(primaryOf(stage)));
    stage.taken();
    expect((await stage.run([project])).code).toBe(0);
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('signs with a key, without Fulcio and without a log when told to', async () => {
    const stage = await signingStage(1, GOOGLE);
    storeImage(stage.staging.store, 'staging/app', image);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const home = await homeWith({ 'my.key': privateKey.export({ type: 'pkcs8', format: 'pem' }) });
    const flags = ['--confirm', `--key=${home}/my.key`, '--tlog-upload=false'];
    const project = stage.project([['app', digest, 'v1']]);
    const first = await stage.run([project], flags, { env: {} });
    expect([first.code, first.summary.includes('1 digest signed, 1 recorded')]).toEqual([0, true]);
    expect(stage.taken()).toMatchObject({ fulcio: 0, rekor: 0, timestamp: 0 });
    const second = await stage.run([project], flags, { env: {} });
    expect([second.code, second.summary.includes('1 already complete')]).toEqual([0, true]);
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('signs in the name of a workflow of GitHub Actions, and knows it again', async () => {
    const stage = await signingStage(1, GOOGLE);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    const { env } = stage.sigstore.oidc;
    expect((await stage.run([project], ['--confirm'], { env })).code).toBe(0);
    expect(await stage.attached(primaryOf(stage), digest)).toEqual(all(primaryOf(stage), WORKFLOW.subject));
    stage.taken();
    expect((await stage.run([project], ['--confirm'], { env })).summary).toContain('1 already complete');
    expect(stage.taken()).toMatchObject(NOTHING);
  });

  it('shows no token, however much it tells', async () => {
    const stage = await signingStage(1);
    storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project([['app', digest, 'v1']]);
    stage.sigstore.inject('fulcio', { kind: 'status', status: 400 });
    const token = stage.sigstore.token();
    const { stderr } = await stage.run([project], ['--confirm', '--log-level=trace'], {
      env: { SIGSTORE_ID_TOKEN: token },
    });
    expect(stderr).toContain('SIGNING_SERVICE');
    for (const part of token.split('.')) expect(stderr).not.toContain(part);
  });

  it('keeps the signatures of staging, and signs once beside those of others', async () => {
    const stage = await signingStage(1);
    const others = { SIGSTORE_ID_TOKEN: stage.sigstore.token({ email: 'others@example.com' }) };
    storeImage(stage.staging.store, 'origin/app', image);
    const host = stage.staging.host;
    const staged = stage.project([['app', digest, 'v1']], { from: `${host}/origin`, to: [`${host}/staging`] });
    expect((await stage.run([staged], ['--confirm'], { env: others })).code).toBe(0);
    expect((await stage.run([stage.project([['app', digest, 'v1']])])).code).toBe(0);
    const place = primaryOf(stage);
    expect(await stage.attached(place, digest)).toEqual(
      [
        ...all(place),
        ...['bundle', 'sig'].map((form) => `signature ${form} verified others@example.com ${host}/staging/app`),
      ].toSorted(),
    );
  });
});
