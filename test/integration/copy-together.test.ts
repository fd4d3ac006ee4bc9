import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { openRegistries } from '../../src/cli/wiring/registries.ts';
import { KNOWN_TO_BE_FAST } from '../support/promotion/fast-registries.ts';
import type { Digest } from '../../src/image/digest.ts';
import { splitRepository } from '../../src/image/reference.ts';
import type { RunReport } from '../../src/report/model/report.ts';
import { runPromotion } from '../../src/promotion.ts';
import { HOLD_UP_TO, SHARED_BYTES } from '../../src/registry/copying/types.ts';
import {
  atOnce,
  codesOf,
  expectImage,
  HELD,
  layerOf,
  partsOf,
  sentBlobs,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  TEED,
  type Copying,
} from '../support/copying.ts';
import { loadedTree, type ProjectSpec } from '../support/promotion/tree.ts';
import { TRUSTS_NOBODY } from '../support/promotion/trust.ts';
import { buildImage, storeImage, type BuiltImage } from '../support/registry/images.ts';
import type { TestRegistry } from '../support/registry/server.ts';

const KIB = 1024;
const IMAGES = 8;

/** Images that share a large base layer and two smaller ones; each has one layer of its own. */
const family = Array.from({ length: IMAGES }, (_, index) =>
  buildImage({ seed: 100 + index, layers: [TEED, HELD, 50 * KIB, 10 * KIB], layerSeeds: [1, 2, 3] }),
);

/** The family as a tree wants it: one image name, as many digests. */
function treeOf({ source, mirrors }: Copying, name = 'app'): ProjectSpec[] {
  const entries = family.map(({ manifest }, index) => [name, manifest.descriptor.digest, `v${index}`] as const);
  const to = mirrors.map(({ host }) => `${host}/prod`);
  return [{ name: 'family', from: `${source.host}/staging`, to, entries }];
}

/** Runs the whole engine; each request is told to `onRequest`. */
async function promote(
  projects: readonly ProjectSpec[],
  { threads, signal = new AbortController().signal }: { readonly threads: number; readonly signal?: AbortSignal },
): Promise<RunReport> {
  const clock = realClock();
  const narrate = (): void => {};
  const opened = openRegistries({
    env: { HOME: '/nonexistent' },
    clock,
    narrate,
    random: atOnce,
    config: KNOWN_TO_BE_FAST,
  });
  try {
    return await runPromotion(
      { mode: 'promote', threads, version: 'test' },
      {
        load: () => Promise.resolve(loadedTree(projects)),
        registry: opened.registry,
        pause: opened.pause,
        trust: TRUSTS_NOBODY,
      },
      { clock, signal, emit: narrate },
    );
  } finally {
    await opened.close();
  }
}

/** The image is there under its tag, with all blobs; the registry took none whose digest was another. */
function expectThere({ store }: TestRegistry, { manifest, blobs }: BuiltImage, tag: string): void {
  const held = store.repository(TARGET);
  expect(held?.tags.get(tag)).toBe(manifest.descriptor.digest);
  expect(blobs.filter(({ descriptor }) => held?.blobs.has(descriptor.digest) !== true)).toEqual([]);
}

function expectFamily(mirror: TestRegistry): void {
  for (const [index, built] of family.entries()) expectThere(mirror, built, `v${index}`);
}

describe('copying images that share layers over HTTP', () => {
  let world: Copying;
  beforeEach(async () => {
    world = await startCopying();
    for (const built of family) storeImage(world.source.store, STAGED, built);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  it.each([IMAGES, 1])('sends each layer once to each repository, with %i images at a time', async (threads) => {
    const report = await promote(treeOf(world), { threads });
    expect(report.failures).toEqual([]);
    expect(report.totals).toMatchObject({ copied: IMAGES * 3, failed: 0 });
    const blobs = new Set(family.flatMap((built) => built.blobs.map(({ descriptor }) => descriptor.digest)));
    for (const mirror of world.mirrors) {
      expectFamily(mirror);
      const sent = sentBlobs(mirror);
      expect([...sent.keys()].toSorted()).toEqual([...blobs].toSorted());
      expect(Math.max(...sent.values())).toBe(1);
      expect(mirror.openUploads()).toBe(0);
    }
    // The plan has read the manifests, of which the source is asked only once.
    expect(world.source.counters.counts().kinds.getManifest).toBe(IMAGES);
  });

  it('reads a shared layer of the source for one image only, when one goes after the other', async () => {
    const report = await promote(treeOf(world), { threads: 1 });
    expect(report.totals.sourceReads).toBe(partsOf(family[0] ?? buildImage({ seed: 0 })) + (IMAGES - 1) * 3);
    const reads = world.source.counters.log.filter(({ kind }) => kind === 'getBlob').map(({ reference }) => reference);
    expect(new Set(reads).size).toBe(reads.length);
  });

  it('mounts what it has brought to another repository of the same registry', async () => {
    const [mirror] = world.mirrors;
    const [first, second] = family;
    const repositories = ['prod/one', 'prod/two', 'prod/three'];
    const copies = repositories.map((path, index) =>
      world.copy(family[index]?.manifest.descriptor.digest ?? `sha256:`, [
        targetOn(mirror, { repository: `${mirror.host}/${path}` }),
      ]),
    );
    for (const copied of await Promise.all(copies)) expect(codesOf(copied)).toEqual([undefined]);
    const base = layerOf(first ?? buildImage({ seed: 0 }));
    expect(base).toBe(layerOf(second ?? buildImage({ seed: 0 })));
    const sent = repositories.map((path) => sentBlobs(mirror, path).get(base) ?? 0);
    expect(sent.reduce((sum, count) => sum + count)).toBe(1);
    expect(mirror.counters.counts().mounts).toBeGreaterThanOrEqual(2);
    for (const [index, path] of repositories.entries())
      expectImage(mirror.store, family[index] ?? buildImage({ seed: 0 }), 'v1', path);
  });

  it('mounts from staging where staging is in the same registry', async () => {
    const { source } = world;
    const target = targetOn(source);
    const built = family[0] ?? buildImage({ seed: 0 });
    const result = await world.copy(built.manifest.descriptor.digest, [target]);
    expect(codesOf(result)).toEqual([undefined]);
    expectImage(source.store, built, 'v1');
    expect(result.sourceReads).toBe(1);
    expect(source.counters.counts()).toMatchObject({ mounts: 5, kinds: { postUpload: 5, getManifest: 1 } });
    expect(source.counters.counts().kinds.put).toBeUndefined();
  });

  /** Two images of a small layer that they share and one of their own, in staging. */
  const stagedTwins = (): [BuiltImage, BuiltImage] => {
    const twin = (seed: number): BuiltImage => buildImage({ seed, layers: [50 * KIB, 10 * KIB], layerSeeds: [4] });
    const twins: [BuiltImage, BuiltImage] = [twin(200), twin(201)];
    for (const built of twins) storeImage(world.source.store, STAGED, built);
    return twins;
  };

  it.each([400, 401, 403, 404, 405])('uploads where a mount is answered with %i', async (status) => {
    const [mirror] = world.mirrors;
    const [first, second] = stagedTwins();
    await world.copy(first.manifest.descriptor.digest, [targetOn(mirror, { repository: `${mirror.host}/prod/other` })]);
    mirror.inject(({ kind, path }) => (kind === 'postUpload' && path.includes('mount=') ? { status } : undefined));
    const result = await world.copy(second.manifest.descriptor.digest, [targetOn(mirror)]);
    expect(codesOf(result)).toEqual([undefined]);
    expectImage(mirror.store, second, 'v1');
    expect(sentBlobs(mirror).get(layerOf(second))).toBe(1);
    expect(mirror.openUploads()).toBe(0);
  });

  it('uploads into the session that a registry opens instead of mounting', async () => {
    await world[Symbol.asyncDispose]();
    world = await startCopying({ mirrors: { mounts: false } });
    const [mirror] = world.mirrors;
    const [first, second] = stagedTwins();
    await world.copy(first.manifest.descriptor.digest, [targetOn(mirror, { repository: `${mirror.host}/prod/other` })]);
    mirror.counters.reset();
    expect(codesOf(await world.copy(second.manifest.descriptor.digest, [targetOn(mirror)]))).toEqual([undefined]);
    expectImage(mirror.store, second, 'v1');
    // One POST and one PUT for each blob: a mount that was not granted costs no request of its own.
    expect(mirror.counters.counts().kinds).toMatchObject({ postUpload: 3, put: 3 });
    expect(mirror.openUploads()).toBe(0);
  });
});

describe('stopping a promotion over HTTP', () => {
  let world: Copying;
  beforeEach(async () => {
    world = await startCopying();
    for (const built of family) storeImage(world.source.store, STAGED, built);
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const STOPPED_AT = [
    ['the first upload is opened', 'postUpload', 1],
    ['blobs are being sent', 'put', 3],
    ['the first manifests are written', 'putManifest', 2],
    // The plan has looked each of them up, and each tag is asked for before it is written.
    ['the first image is read back', 'headManifest', 2 * IMAGES + 1],
  ] as const;

  it.each(STOPPED_AT)('ends at once when stopped as %s, says so, and a rerun completes it', async (_, kind, nth) => {
    const controller = new AbortController();
    world.mirrors[0].inject((request) => {
      if (request.kind === kind && request.nth === nth) controller.abort(stopReason('SIGTERM'));
      return undefined;
    });
    const report = await promote(treeOf(world), { threads: 4, signal: controller.signal });
    expect(report.run.aborted).toContain('SIGTERM');
    expect(report.images).toHaveLength(IMAGES);
    expect(report.failures.length).toBeGreaterThan(0);
    expect(new Set(report.failures.map(({ code }) => code))).toEqual(new Set(['ABORTED']));
    for (const image of report.images) {
      for (const { ref, action, pending } of image.targets) {
        if (action !== 'copy' || pending === true) continue;
        // What the report calls complete is complete.
        const { host, path } = splitRepository(ref);
        const mirror = world.mirrors.find((one) => one.host === host);
        const [repository = '', tag = ''] = path.split(':');
        expect(mirror?.store.repository(repository)?.tags.get(tag)).toBe(image.digest);
      }
    }
    for (const { inject } of world.mirrors) inject(undefined);
    const again = await promote(treeOf(world), { threads: IMAGES });
    expect(again.failures).toEqual([]);
    for (const mirror of world.mirrors) expectFamily(mirror);
  });

  it('begins nothing when stopped before it began', async () => {
    const copied = await world.copy(
      family[0]?.manifest.descriptor.digest ?? `sha256:`,
      undefined,
      AbortSignal.abort(stopReason('SIGINT')),
    );
    expect(codesOf(copied)).toEqual(['ABORTED', 'ABORTED', 'ABORTED']);
    for (const { counters } of [world.source, ...world.mirrors]) expect(counters.counts().requests).toBe(0);
    expect(world.mirrors[0].store.repository(TARGET)).toBeUndefined();
  });
});

describe('copying over HTTP when memory is short', () => {
  it('lets no slow mirror keep the memory that others wait for', async () => {
    await using world = await startCopying();
    const [slow, fast] = world.mirrors;
    const gate = Promise.withResolvers<void>();
    // As many layers as memory holds, every one of which stays with the slow mirror.
    const count = SHARED_BYTES / HOLD_UP_TO;
    const filling = buildImage({ seed: 300, layers: Array.from({ length: count }, () => HOLD_UP_TO) });
    const waiting = buildImage({ seed: 400, layers: [HOLD_UP_TO] });
    const [first, second] = [filling, waiting].map((built) => storeImage(world.source.store, STAGED, built).digest) as [
      Digest,
      Digest,
    ];
    slow.inject(async ({ kind }) => {
      if (kind === 'put') await gate.promise;
      return undefined;
    });
    const filled = world.copy(first, [targetOn(slow), targetOn(fast)]);
    const done = await world.copy(second, [targetOn(fast, { tags: ['v2'] })]);
    expect(codesOf(done)).toEqual([undefined]);
    expectImage(fast.store, waiting, 'v2');
    expect(slow.store.repository(TARGET)).toBeUndefined();
    gate.resolve();
    const result = await filled;
    expect(codesOf(result)).toEqual([undefined, undefined]);
    for (const mirror of [slow, fast]) expectThere(mirror, filling, 'v1');
    expect(result.mirrors.map(({ attempts }) => attempts)).toEqual([2, 1]);
    expect(slow.openUploads()).toBe(0);
  });
});
