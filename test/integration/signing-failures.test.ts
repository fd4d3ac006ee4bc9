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
import type { RegistryOptions } from '../support/registry/options.ts';
import { SIGNER } from '../support/sigstore/oidc.ts';

const images = [1, 2].map((seed) => buildImage({ seed }));
const digests = images.map(({ manifest }) => manifest.descriptor.digest);
const [digest = ''] = digests;
/** How fast the clock runs while a service is away: two minutes of patience are then 1.2 s. */
const HASTE = { speed: 100 };
const GOOGLE: { readonly registry?: RegistryOptions } = { registry: { google: true } };

const primaryOf = ({ mirrors }: SigningStage): string => mirrors.map(({ host }) => `${host}/prod/app`)[0] ?? '';
const all = (place: string, who: string = SIGNER.subject): readonly string[] => [
  `record bundle verified ${who} ${place}`,
  `signature bundle verified ${who} ${place}`,
  `signature sig verified ${who} ${place}`,
];

/** One or two images in staging, each with a tag, that go to two mirrors. */
async function staged(count: 1 | 2 = 1, options = GOOGLE): Promise<Staged> {
  const stage = await signingStage(2, options);
  for (const image of images) storeImage(stage.staging.store, 'staging/app', image);
  const entries = digests.slice(0, count).map((one, index) => ['app', one, `v${index}`] as const);
  return { stage, project: stage.project(entries) };
}

type Staged = { readonly stage: SigningStage; readonly project: ProjectSpec };

const promoted = ({ stage: { mirrors }, project: { entries } }: Staged): boolean =>
  mirrors.every(({ store }) => entries.every(([, one, tag = '']) => store.resolve('prod/app', tag) === one));
const failures = ({ summary }: CipRun, code: string): number =>
  summary.split('\n').filter((line) => line.startsWith(`  ${code}`)).length;

async function expectComplete({ stage, project: { entries } }: Staged): Promise<void> {
  const place = primaryOf(stage);
  for (const [, one] of entries) expect(await stage.attached(place, one)).toEqual(all(place));
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
    await expectComplete({ stage, project });
  });

  it.each([
    ['Rekor says 502', 'rekor', { kind: 'status', status: 502 }],
    ['the timestamp authority is down', 'timestamp', { kind: 'reset' }],
  ] as const)(
    'R10 leaves images promoted while %s, and the next run signs and records them',
    async (_, service, fault) => {
      const { stage, project } = await staged(2);
      const over = stage.sigstore.inject(service, fault);
      const down = await stage.run([project], ['--confirm'], HASTE);
      expect([down.code, promoted({ stage, project }), failures(down, 'SIGNING_SERVICE')]).toEqual([1, true, 1]);
      expect(down.summary).toContain('2 images: ');
      expect(down.summary).toContain('2 left to do');
      over();
      const next = await stage.run([project]);
      expect([next.code, next.summary.includes('2 digests signed, 2 recorded')]).toEqual([0, true]);
      await expectComplete({ stage, project });
      // with source and manifest, though nothing was left to copy
      expect(await stage.record(primaryOf(stage), digest)).toMatchObject({
        srcRef: `${stage.staging.host}/staging/app@${digest}`,
        tags: ['v0'],
        manifest: { name: expect.stringMatching(/images\/app\/images\.yaml$/) },
      });
    },
  );

  it('pushes nothing in the name of another account, and stops', async () => {
    const { stage, project } = await staged(2);
    Object.assign(stage.sigstore.certificates, { account: { subject: 'somebody@example.com' } });
    const run = await stage.run([project], ['--confirm', '--max-signature-ops=1'], HASTE);
    expect([run.code, promoted({ stage, project }), failures(run, 'SIGNATURE_MISMATCH')]).toEqual([1, true, 2]);
    expect(stage.taken().rekor).toBe(0);
    for (const one of digests) expect(await stage.attached(primaryOf(stage), one)).toEqual([]);
  });

  it('renews the certificate in the middle of a run', async () => {
    const { stage, project } = await staged(2);
    // half of it is spent after 1 s of a clock that is a hundred times as fast
    Object.assign(stage.sigstore.certificates, { validity: 200_000 });
    stage.sigstore.inject('rekor', { kind: 'slow', ms: 600, times: 6 });
    const run = await stage.run([project], ['--confirm', '--max-signature-ops=1'], HASTE);
    expect(run.code).toBe(0);
    expect(stage.taken().fulcio).toBeGreaterThan(1);
    await expectComplete({ stage, project });
  });

  it('lets the signatures of others stand, and is not kept by them from signing', async () => {
    const { stage, project } = await staged();
    const others = { SIGSTORE_ID_TOKEN: stage.sigstore.token({ email: 'others@example.com' }) };
    expect((await stage.run([project], ['--confirm'], { env: others })).code).toBe(0);
    const own = await stage.run([project]);
    expect([own.code, own.summary.includes('1 digest signed, 1 recorded')]).toEqual([0, true]);
    const place = primaryOf(stage);
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

  it('signs everything once though registries fail now and then, Fulcio is busy, and answers of the log are lost', async () => {
    const { stage, project } = await staged(2);
    let requests = 0;
    for (const mirror of stage.mirrors)
      mirror.inject(() => ((requests += 1) % 9 === 0 ? { status: 500, readBody: true } : undefined));
    stage.sigstore.inject('fulcio', { kind: 'status', status: 429, headers: { 'retry-after': '1' }, times: 2 });
    stage.sigstore.inject('rekor', { kind: 'lost', times: 2 });
    stage.sigstore.inject('rekor', { kind: 'status', status: 502, times: 2 });
    stage.sigstore.inject('timestamp', { kind: 'status', status: 503, times: 2 });
    stage.sigstore.inject('timestamp', { kind: 'reset', times: 1 });
    const run = await stage.run([project], ['--confirm'], HASTE);
    expect([run.code, failures(run, 'SIGNING_SERVICE')]).toEqual([0, 0]);
    for (const mirror of stage.mirrors) mirror.inject(undefined);
    await expectComplete({ stage, project });
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
    expect([stopped.code, promoted({ stage, project })]).toEqual([143, true]);
    expect(stopped.summary).toMatch(/left to do/);
    for (const mirror of stage.mirrors) mirror.inject(undefined);
    expect((await stage.run([project])).code).toBe(0);
    await expectComplete({ stage, project });
  });

  it('signs on the primary although a mirror is down, and says what is missing', async () => {
    const { stage, project } = await staged();
    const place = primaryOf(stage);
    const mirror = stage.mirrors.find(({ host }) => !place.startsWith(host));
    mirror?.inject(({ method }) => (method === 'GET' || method === 'HEAD' ? undefined : { status: 403 }));
    const run = await stage.run([project]);
    expect(run.code).toBe(1);
    await expectComplete({ stage, project });
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
    await expectComplete({ stage, project });
  });

  it('R10 finds what was left by the age of its entry in Git, where no listing tells, and records its commit', async () => {
    const { stage, project } = await staged(1, {});
    await using repository = await createRepository();
    await using tree = await writeTree([project]);
    await cp(tree.path, join(repository.path, 'prod'), { recursive: true });
    const head = await repository.commit({}, realClock().now());
    const over = stage.sigstore.inject('fulcio', { kind: 'status', status: 403 });
    const env = { PATH: process.env['PATH'] ?? '', SIGSTORE_ID_TOKEN: stage.sigstore.token() };
    const promote = (): Promise<CipRun> => stage.runTree(join(repository.path, 'prod'), ['--confirm'], { env });
    expect((await promote()).code).toBe(1);
    over();
    expect((await promote()).summary).toContain('1 digest signed, 1 recorded');
    await expectComplete({ stage, project });
    expect(await stage.record(primaryOf(stage), digest)).toMatchObject({
      manifest: { name: 'prod/images/app/images.yaml', digest: { gitCommit: head } },
    });
  });
});
