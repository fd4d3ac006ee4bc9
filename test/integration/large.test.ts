import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import type { CopyJob } from '../../src/registry/copying/copier.ts';
import { copyApart } from '../support/copying-apart.ts';
import {
  layerOf,
  partsOf,
  putsOf,
  sentBlobs,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  type Copying,
} from '../support/copying.ts';
import type { LogEntry } from '../support/registry/counters.ts';
import { buildImage, storeImage, type BuiltImage } from '../support/registry/images.ts';

const MIB = 1024 * 1024;

/** More than the memory that the engine may use, and so much that the mirrors' speeds differ. */
const LARGE = 288 * MIB;

/** The engine in its process: the runtime's own 90 MiB or so, the tee's window, and what two sockets buffer. */
const PEAK = 250 * MIB;

/** What a mirror takes whose speed is a fiftieth of the others': they take 200 MB/s and more. */
const SLOW = 4 * MIB;

/** The peak of a process is read from /proc. */
const NO_PROC = process.platform !== 'linux';

const gigantic = buildImage({ seed: 1, layers: [LARGE] });

/** The requests that brought a blob's bytes, in order. */
function putsIn(log: readonly LogEntry[], digest: Digest): LogEntry[] {
  return log.filter(({ kind, path }) => kind === 'put' && path.includes(encodeURIComponent(digest)));
}

describe.skipIf(NO_PROC)('copying very large layers over HTTP', () => {
  let world: Copying;
  beforeEach(async () => {
    // The mirrors check and count the bytes, and drop them.
    world = await startCopying({ mirrors: { keepUploadsBelow: MIB } });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const stage = (image: BuiltImage, targets: CopyJob['targets']): CopyJob => ({
    source: `${world.source.host}/${STAGED}`,
    digest: storeImage(world.source.store, STAGED, image).digest,
    targets,
  });
  const everywhere = (): CopyJob['targets'] => world.mirrors.map((mirror) => targetOn(mirror));
  const expectComplete = (image: BuiltImage): void => {
    const layer = layerOf(image);
    for (const mirror of world.mirrors) {
      expect(mirror.store.resolve(TARGET, 'v1')).toBe(image.manifest.descriptor.digest);
      expect(mirror.store.repository(TARGET)?.blobs.has(layer)).toBe(true);
      expect(sentBlobs(mirror).get(layer)).toBe(1);
      expect(mirror.openUploads()).toBe(0);
    }
  };

  it('is not slowed by a mirror of a fiftieth of the speed, nor by one that answers 401 at the end: each reads again alone', async () => {
    const image = gigantic;
    const layer = layerOf(image);
    const [slow, refusing, fast] = world.mirrors;
    const othersDone = Promise.withResolvers<void>();
    let slowBytes: number | undefined;
    slow.inject(async ({ kind, path }) => {
      if (kind !== 'put' || !path.includes(encodeURIComponent(layer))) return undefined;
      // Its own read waits until the others are done: the test shall not take as long as a slow mirror does.
      if (putsIn(slow.counters.log, layer).length > 1) await othersDone.promise;
      return slowBytes !== undefined ? undefined : { bytesPerSecond: SLOW };
    });
    fast.inject(({ kind, reference }) => {
      if (kind === 'headManifest' && reference === 'v1') slowBytes ??= putsIn(slow.counters.log, layer)[0]?.bytesIn;
      return undefined;
    });
    refusing.inject(({ kind, path, reference }) => {
      if (kind === 'headManifest' && reference === 'v1') othersDone.resolve();
      return kind === 'put' && path.includes(encodeURIComponent(layer)) && putsOf(refusing, layer) === 1
        ? { status: 401, readBody: true, headers: { 'www-authenticate': 'Basic realm="again"' } }
        : undefined;
    });
    const copied = await copyApart(stage(image, everywhere()));
    expect(copied.mirrors.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expectComplete(image);
    expect(slowBytes).toBeGreaterThan(0);
    expect(slowBytes).toBeLessThan(LARGE / 18);
    expect(putsIn(refusing.counters.log, layer).map(({ status, bytesIn }) => [status, bytesIn])).toEqual([
      [401, LARGE],
      [201, LARGE],
    ]);
    expect(putsOf(fast, layer)).toBe(1);
    // Manifest, config and layer once for all, and the layer once more for each of the two.
    expect(copied.sourceReads).toBe(partsOf(image) + 2);
    expect(copied.mirrors.map(({ attempts }) => attempts)).toEqual([2, 2, 1]);
    expect(world.source.counters.log.filter(({ reference }) => reference === layer)).toHaveLength(3);
    expect(copied.peakBytes).toBeLessThan(PEAK);
  });

  it('sends only the new layers where the base is in the repository already', async () => {
    const layer = layerOf(gigantic);
    const [mirror] = world.mirrors;
    storeImage(mirror.store, TARGET, gigantic, ['v0']);
    const next = buildImage({ seed: 2, layers: [LARGE, 3 * MIB], layerSeeds: [1001] });
    expect(layerOf(next)).toBe(layer);
    const job = stage(next, [targetOn(mirror, { isNew: false })]);
    const copied = await copyApart(job);
    expect(copied.mirrors.map(({ error }) => error)).toEqual([undefined]);
    expect(mirror.store.resolve(TARGET, 'v1')).toBe(job.digest);
    // Manifest, config and the new layer.
    expect(copied.sourceReads).toBe(3);
    expect(world.source.counters.log.some(({ reference }) => reference === layer)).toBe(false);
    expect(mirror.counters.counts().bytesIn).toBeLessThan(4 * MIB);
    expect(sentBlobs(mirror).has(layer)).toBe(false);
  });
});
