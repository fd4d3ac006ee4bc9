import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  codesOf,
  expectImage,
  layerOf,
  once,
  partsOf,
  sentBlobs,
  SIZES,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  type Copying,
} from '../support/copying.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';
import { seededBlob } from '../support/registry/seeded.ts';

const OK = [undefined, undefined, undefined];
const image = buildImage({ seed: 1 });

describe('copying over HTTP with a source that is wrong', () => {
  let world: Copying;
  beforeEach(async () => {
    world = await startCopying();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const WRONG = [
    ['other bytes', 0],
    ['too few bytes', -1000],
    ['too many bytes', 1000],
  ] as const;
  const cases = SIZES.flatMap(([how, size]) => WRONG.map(([what, more]) => [what, how, size, more] as const));

  it.each(cases)('stores no blob for which the source serves %s, when %s', async (what, _, size, more) => {
    const built = buildImage({ seed: 2, layers: [size] });
    const layer = layerOf(built);
    const digest = storeImage(world.source.store, STAGED, built).digest;
    world.source.store.putBlob(STAGED, layer, seededBlob(size + more, what === 'other bytes' ? 666 : 2001));
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(['DIGEST_MISMATCH', 'DIGEST_MISMATCH', 'DIGEST_MISMATCH']);
    for (const { error } of result.mirrors) {
      expect(error?.message).toContain(`${world.source.host}/${STAGED}@${layer}`);
      expect(error?.side).toBe('source');
    }
    for (const mirror of world.mirrors) {
      expect(mirror.store.repository(TARGET)?.blobs.has(layer) ?? false).toBe(false);
      expect(mirror.store.repository(TARGET)?.manifests.size ?? 0).toBe(0);
      expect(mirror.openUploads()).toBe(0);
    }
    // It is read twice for all mirrors together. What is too short is looked for in parts and from the start each time.
    const asked = world.source.counters.log.filter(({ reference }) => reference === layer);
    expect(asked).toHaveLength(what === 'too few bytes' ? 6 : 2);
    expect(result.sourceReads).toBe(partsOf(built) + 1);
  });

  it('names the manifest whose bytes are not those of its digest, and writes nothing', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    const other = buildImage({ seed: 3 }).manifest.bytes;
    world.source.inject(({ kind }) =>
      kind === 'getManifest' ? { status: 200, body: Buffer.from(other).toString('utf8') } : undefined,
    );
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(['DIGEST_MISMATCH', 'DIGEST_MISMATCH', 'DIGEST_MISMATCH']);
    expect(result.mirrors[0]?.error?.message).toContain(`${world.source.host}/${STAGED}@${digest}`);
    for (const { counters } of world.mirrors) expect(counters.counts().requests).toBe(0);
  });

  it.each(SIZES)('names the blob that the source does not have, when %s', async (_, size) => {
    const built = buildImage({ seed: 4, layers: [size] });
    const digest = storeImage(world.source.store, STAGED, built).digest;
    world.source.store.remove(STAGED, 'blob', layerOf(built));
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
    for (const { error } of result.mirrors) {
      expect(error?.message).toContain(`${world.source.host}/${STAGED}@${layerOf(built)}`);
      expect(error?.side).toBe('source');
    }
    for (const mirror of world.mirrors) expect(mirror.store.repository(TARGET)?.manifests.size ?? 0).toBe(0);
  });

  it('names the index child that the source does not have, and still tags where the image is complete', async () => {
    const multi = buildMultiPlatform({ seed: 5 }, ['linux/amd64', 'linux/arm64']);
    const [complete, empty] = world.mirrors;
    const digest = storeImage(world.source.store, STAGED, multi).digest;
    const child = multi.children[1]?.manifest.descriptor.digest ?? '';
    world.source.store.remove(STAGED, 'manifest', child);
    storeImage(complete.store, TARGET, multi);
    const targets = [targetOn(complete, { action: 'tag', isNew: false }), targetOn(empty)];
    const result = await world.copy(digest, targets);
    expect(codesOf(result)).toEqual([undefined, 'NOT_FOUND']);
    expect(result.mirrors[1]?.error?.message).toContain(child);
    expectImage(complete.store, multi, 'v1');
    expect(empty.counters.counts().requests).toBe(0);
  });

  it('says LOST when the source has the manifest no longer', async () => {
    const result = await world.copy(image.manifest.descriptor.digest);
    expect(codesOf(result)).toEqual(['LOST', 'LOST', 'LOST']);
  });

  it('refuses by name a manifest of another kind', async () => {
    const body = JSON.stringify({ schemaVersion: 1, name: 'app', fsLayers: [] });
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+json';
    const digest = digestOf(Buffer.from(body));
    world.source.inject(({ kind }) =>
      kind === 'getManifest' ? { status: 200, body, headers: { 'content-type': mediaType } } : undefined,
    );
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(['UNSUPPORTED_MANIFEST', 'UNSUPPORTED_MANIFEST', 'UNSUPPORTED_MANIFEST']);
    expect(result.mirrors[0]?.error?.message).toContain(`${STAGED}@${digest} (${mediaType})`);
  });

  const ONCE = [
    ['corrupt', 1],
    ['endEarly', 0],
    ['noEnd', 0],
  ] as const;
  const hiccups = SIZES.flatMap(([how, size]) => ONCE.map(([fault, more]) => [fault, how, size, more] as const));

  it.each(hiccups)('copies a blob whose read was %s once, when %s', async (fault, _, size, more) => {
    const built = buildImage({ seed: 8, layers: [size] });
    const digest = storeImage(world.source.store, STAGED, built).digest;
    const layer = layerOf(built);
    world.source.inject(once(({ kind, reference }) => (kind === 'getBlob' && reference === layer ? fault : undefined)));
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(OK);
    for (const mirror of world.mirrors) {
      expectImage(mirror.store, built, 'v1');
      expect(mirror.openUploads()).toBe(0);
    }
    // One more read for all mirrors, where what came was wrong; what was missing is read as a part.
    expect(result.sourceReads).toBe(partsOf(built) + more);
    const asked = world.source.counters.log.filter(({ reference }) => reference === layer);
    expect(asked).toHaveLength(fault === 'noEnd' ? 1 : 2);
  });

  it('reads a manifest once more whose bytes were wrong once', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.source.inject(once(({ kind }) => (kind === 'getManifest' ? 'corrupt' : undefined)));
    expect(codesOf(await world.copy(digest))).toEqual(OK);
    for (const { store } of world.mirrors) expectImage(store, image, 'v1');
  });

  it.each(SIZES)('goes on where a download broke off, when %s', async (_, size) => {
    const built = buildImage({ seed: 7, layers: [size] });
    const digest = storeImage(world.source.store, STAGED, built).digest;
    const layer = layerOf(built);
    world.source.inject(
      once(({ kind, reference }) => (kind === 'getBlob' && reference === layer ? 'truncate' : undefined)),
    );
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(OK);
    for (const { store } of world.mirrors) expectImage(store, built, 'v1');
    const ranges = world.source.counters.log
      .filter(({ reference }) => reference === layer)
      .map(({ headers }) => headers.range);
    expect(ranges).toEqual([undefined, `bytes=${Math.floor(size / 2)}-`]);
    expect(result.sourceReads).toBe(partsOf(built));
    for (const mirror of world.mirrors) expect(sentBlobs(mirror).get(layer)).toBe(1);
  });
});
