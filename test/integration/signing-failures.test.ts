import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { realClock } from '../../src/clock.ts';
import { createRepository } from '../support/git.ts';
import { homeWith } from '../support/home.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { signingStage, type SigningStage } from '../support/promotion/signing-stage.ts';
import { writeTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const images = [1, 2].map((seed) => buildImage({ seed }));
const digests = images.map(({ manifest }) => manifest.descriptor.digest);
/** How fast the clock runs while a service is away: two minutes of patience are then 1.2 s. */
const HASTE = { speed: 100 };
const GOOGLE = { registry: { google: true } };

const primaryOf = ({ mirrors }: SigningStage): string => mirrors.map(({ host }) => `${host}/prod/app`)[0] ?? '';
const all = (place: string, who: string = SIGNER.subject): readonly string[] => [
  `record bundle verified ${who} ${place}`,
  `signature bundle verified ${who} ${place}`,
  `signature sig verified ${who} ${place}`,
];

/** Two images in staging, each with a tag, that go to two mirrors. */
async function staged(): Promise<{ readonly stage: SigningStage; readonly project: ProjectSpec }> {
  const stage = await signingStage(2, GOOGLE);
  for (const image of images) storeImage(stage.staging.store, 'staging/app', image);
  return { stage, project: stage.project(digests.map((digest, index) => ['app', digest, `v${index}`] as const)) };
}

const promoted = ({ mirrors }: SigningStage): boolean =>
  mirrors.every(({ store }) => digests.every((digest, index) => store.resolve('prod/app', `v${index}`) === digest));
const failures = ({ summary }: CipRun, code: string): number =>
  summary.split('\n').filter((line) => line.startsWith(`  ${code}`)).length;

async function expectComplete(stage: SigningStage): Promise<void> {
  const place = primaryOf(stage);
  for (const digest of digests) expect(await stage.attached(place, digest)).toEqual(all(place));
}

describe('signing while something is wrong', () => {
  it('copies nothing while what signatures are verified with cannot be got', async () => {
    const { stage, project } = await staged();
    await using tree = await writeTree([project]);
    const { tuf } = stage.sigstore;
    const home = await homeWith({});
    const trust = { TUF_MIRROR: tuf.url, TUF_ROOT_JSON: tuf.rootFile, TUF_ROOT: home };
    const env = { ...trust, SIGSTORE_ID_TOKEN: stage.sigstore.token() };
    const args = ['--manifests', tree.path, '--confirm', `--signing-config=${stage.sigstore.signingConfigFile}`];
    const over = stage.sigstore.inject('tuf', { kind: 'status', status: 503 });
    stage.taken();
    const down = await cip(args, { ...HASTE, env });
    expect([down.code, stage.taken().writes]).toEqual([1, 0]);
    expect(down.stderr).toMatch(/getting the trusted root of Sigstore from \S+: .*--trusted-root FILE/);
    over();
    expect((await cip(args, { env })).code).toBe(0);
    await expectComplete(stage);
  });

  it.each([
    ['Rekor says 502', 'rekor', { kind: 'status', status: 502 }],
    ['the timestamp authority is down', 'timestamp', { kind: 'reset' }],
  ] as const)(
    'R10 leaves images promoted while %s, and the next run signs and records them',
    async (_, service, fault) => {
      const { stage, project } = await staged();
      const over = stage.sigstore.inject(service, fault);
      const down = await stage.run([project], ['--confirm'], HASTE);
      expect([down.code, promoted(stage), failures(down, 'SIGNING_SERVICE')]).toEqual([1, true, 1]);
      expect(down.summary).toContain('2 images: ');
      expect(down.summary).toContain('2 left to do');
      over();
      stage.taken();
      const next = await stage.run([project]);
      expect([next.code, next.summary.includes('2 digests signed, 2 recorded')]).toEqual([0, true]);
      await expectComplete(stage);
      // with source and manifest, though nothing was left to copy
      const [digest = ''] = digests;
      expect(await stage.record(primaryOf(stage), digest)).toMatchObject({
        srcRef: `${stage.staging.host}/staging/app@${digest}`,
        tags: ['v0'],
        manifest: { name: expect.stringMatching(/images\/app\/images\.yaml$/) },
      });
      stage.taken();
      expect((await stage.run([project])).code).toBe(0);
      expect(stage.taken()).toMatchObject({ writes: 0, fulcio: 0, rekor: 0, timestamp: 0 });
    },
  );

  it('gets over what passes: a busy Fulcio, a log that fails now and then', async () => {
    const { stage, project } = await staged();
    stage.sigstore.inject('fulcio', { kind: 'status', status: 429, headers: { 'retry-after': '1' }, times: 2 });
    stage.sigstore.inject('rekor', { kind: 'status', status: 502, times: 3 });
    stage.sigstore.inject('timestamp', { kind: 'reset', times: 1 });
    const run = await stage.run([project], ['--confirm'], HASTE);
    expect([run.code, failures(run, 'SIGNING_SERVICE')]).toEqual([0, 0]);
    await expectComplete(stage);
  });

  it('pushes nothing in the name of another account, and stops', async () => {
    const { stage, project } = await staged();
    Object.assign(stage.sigstore.certificates, { account: { subject: 'somebody@example.com' } });
    const run = await stage.run([project], ['--confirm', '--max-signature-ops=1'], HASTE);
    expect([run.code, promoted(stage), failures(run, 'SIGNATURE_MISMATCH')]).toEqual([1, true, 2]);
    expect(stage.taken().rekor).toBe(0);
    for (const digest of digests) expect(await stage.attached(primaryOf(stage), digest)).toEqual([]);
  });

  it('renews the certificate in the middle of a run', async () => {
    const { stage, project } = await staged();
    // half of it is spent after 1 s of a clock that is a hundred times as fast
    Object.assign(stage.sigstore.certificates, { validity: 200_000 });
    stage.sigstore.inject('rekor', { kind: 'slow', ms: 600, times: 6 });
    const run = await stage.run([project], ['--confirm', '--max-signature-ops=1'], HASTE);
    expect(run.code).toBe(0);
    expect(stage.taken().fulcio).toBeGreaterThan(1);
    await expectComplete(stage);
  });

  it('lets the signatures of others stand, and is not kept by them from signing', async () => {
    const { stage, project } = await staged();
    const others = { SIGSTORE_ID_TOKEN: stage.sigstore.token({ email: 'others@example.com' }) };
    expect((await stage.run([project], ['--confirm'], { env: others })).code).toBe(0);
    const own = await stage.run([project]);
    expect([own.code, own.summary.includes('2 digests signed, 2 recorded')]).toEqual([0, true]);
    const place = primaryOf(stage);
    for (const digest of digests)
      expect(await stage.attached(place, digest)).toEqual(
        [...all(place), ...all(place, 'others@example.com')].toSorted(),
      );
  });

  it('does not take a list of referrers that answers 503 for an empty one', async () => {
    const { stage, project } = await staged();
    expect((await stage.run([project])).code).toBe(0);
    for (const mirror of stage.mirrors)
      mirror.inject(({ path }) => (path.includes('/referrers/') ? { status: 503 } : undefined));
    stage.taken();
    const run = await stage.run([project], ['--confirm'], HASTE);
    expect([run.code, stage.taken().rekor]).toEqual([1, 0]);
  });

  it('signs everything once though registries and services fail now and then', async () => {
    const { stage, project } = await staged();
    let requests = 0;
    for (const mirror of stage.mirrors)
      mirror.inject(() => ((requests += 1) % 9 === 0 ? { status: 500, readBody: true } : undefined));
    stage.sigstore.inject('rekor', { kind: 'lost', times: 2 });
    stage.sigstore.inject('timestamp', { kind: 'status', status: 503, times: 2 });
    const run = await stage.run([project], ['--confirm'], HASTE);
    expect(run.code).toBe(0);
    for (const mirror of stage.mirrors) mirror.inject(undefined);
    await expectComplete(stage);
  });

  it('is finished by the next run when it was stopped while it signed', async () => {
    const { stage, project } = await staged();
    const controller = new AbortController();
    for (const mirror of stage.mirrors)
      mirror.inject(({ kind, reference }) => {
        if (kind === 'putManifest' && reference.endsWith('.sig')) controller.abort(stopReason('SIGTERM'));
        return undefined;
      });
    const stopped = await stage.run([project], ['--confirm'], { signal: controller.signal });
    expect([stopped.code, promoted(stage)]).toEqual([143, true]);
    expect(stopped.summary).toMatch(/left to do/);
    for (const mirror of stage.mirrors) mirror.inject(undefined);
    expect((await stage.run([project])).code).toBe(0);
    await expectComplete(stage);
  });

  it('signs on the primary although a mirror is down, and says what is missing', async () => {
    const { stage, project } = await staged();
    const place = primaryOf(stage);
    const mirror = stage.mirrors.find(({ host }) => !place.startsWith(host));
    mirror?.inject(({ method }) => (method === 'GET' || method === 'HEAD' ? undefined : { status: 403 }));
    const run = await stage.run([project]);
    expect(run.code).toBe(1);
    await expectComplete(stage);
  });

  it('signs nothing whose primary is down, and signs it once it is there', async () => {
    const { stage, project } = await staged();
    const place = primaryOf(stage);
    const primary = stage.mirrors.find(({ host }) => place.startsWith(host));
    primary?.inject(({ method }) => (method === 'GET' || method === 'HEAD' ? undefined : { status: 403 }));
    const run = await stage.run([project]);
    expect([run.code, stage.taken()]).toMatchObject([1, { fulcio: 0, rekor: 0 }]);
    primary?.inject(undefined);
    expect((await stage.run([project])).code).toBe(0);
    await expectComplete(stage);
  });

  it('R10 finds what was left by the age of its entry in Git, where no listing tells, and records its commit', async () => {
    const stage = await signingStage(2);
    for (const image of images) storeImage(stage.staging.store, 'staging/app', image);
    const project = stage.project(digests.map((digest, index) => ['app', digest, `v${index}`] as const));
    await using repository = await createRepository();
    await using tree = await writeTree([project]);
    await cp(tree.path, join(repository.path, 'prod'), { recursive: true });
    const head = await repository.commit({}, realClock().now());
    const over = stage.sigstore.inject('fulcio', { kind: 'status', status: 403 });
    const env = { PATH: process.env['PATH'] ?? '', SIGSTORE_ID_TOKEN: stage.sigstore.token() };
    const promote = (): Promise<CipRun> => stage.runTree(join(repository.path, 'prod'), ['--confirm'], { env });
    expect((await promote()).code).toBe(1);
    over();
    expect((await promote()).summary).toContain('2 digests signed, 2 recorded');
    await expectComplete(stage);
    expect(await stage.record(primaryOf(stage), digests[0] ?? '')).toMatchObject({
      manifest: { name: 'prod/images/app/images.yaml', digest: { gitCommit: head } },
    });
  });
});
