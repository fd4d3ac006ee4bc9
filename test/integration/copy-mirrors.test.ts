import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CopyResult } from '../../src/registry/copying/copier.ts';
import {
  codesOf,
  expectImage,
  HELD,
  layerOf,
  once,
  onPutOf,
  partsOf,
  putsOf,
  sentBlobs,
  SIZES,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  TEED,
  type Copying,
} from '../support/copying.ts';
import { buildImage, storeImage, type BuiltImage } from '../support/registry/images.ts';
import type { FaultHook } from '../support/registry/faults.ts';
import { patientClock } from '../support/patient-clock.ts';

const OK = [undefined, undefined, undefined];
const image = buildImage({ seed: 1 });

describe('copying over HTTP to mirrors that are wrong', () => {
  let world: Copying;
  let result: CopyResult;
  beforeEach(async () => {
    world = await startCopying();
  });
  afterEach(() => world[Symbol.asyncDispose]());

  /** For faults that a copy waits out for seconds. */
  const hurry = async (): Promise<void> => {
    await world[Symbol.asyncDispose]();
    world = await startCopying({ clock: patientClock(50) });
  };

  /** Copies an image while the first mirror has a fault, and sees that all three end complete. */
  const copyWith = async (built: BuiltImage, fault: FaultHook, isNew = true): Promise<void> => {
    const digest = storeImage(world.source.store, STAGED, built).digest;
    world.mirrors[0].inject(fault);
    result = await world.copy(
      digest,
      world.mirrors.map((mirror) => targetOn(mirror, { isNew })),
    );
    expect(codesOf(result)).toEqual(OK);
    for (const mirror of world.mirrors) {
      expectImage(mirror.store, built, 'v1');
      expect(mirror.openUploads()).toBe(0);
    }
  };

  it.each(SIZES)(
    'sends a blob after all when HEAD claimed it and the manifest was refused, when %s',
    async (_, size) => {
      await hurry();
      const built = buildImage({ seed: 9, layers: [size] });
      // A cache in front of the registry that goes on claiming what is not there.
      const claimed = { status: 200, headers: { 'content-length': String(size) } };
      await copyWith(built, ({ kind }) => (kind === 'headBlob' ? claimed : undefined), false);
      expect(sentBlobs(world.mirrors[0]).get(layerOf(built))).toBe(1);
      expect(result.mirrors.map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
      // Config and layer once more, for the one that was deceived.
      expect(result.sourceReads).toBe(partsOf(built) + 2);
    },
  );

  it('sends a blob after all when a mount was claimed and the manifest was refused', async () => {
    await hurry();
    const first = buildImage({ seed: 10, layers: [HELD] });
    const second = buildImage({ seed: 11, layers: [HELD, 1000], layerSeeds: [10_001] });
    const digests = [first, second].map((built) => storeImage(world.source.store, STAGED, built).digest);
    const [mirror] = world.mirrors;
    await world.copy(digests[0] ?? image.manifest.descriptor.digest, [
      targetOn(mirror, { repository: `${mirror.host}/prod/other` }),
    ]);
    mirror.inject(({ path, kind }) =>
      kind === 'postUpload' && path.includes('mount=') ? { status: 201, headers: { location: '/claimed' } } : undefined,
    );
    result = await world.copy(digests[1] ?? image.manifest.descriptor.digest, [targetOn(mirror)]);
    expect(codesOf(result)).toEqual([undefined]);
    expectImage(mirror.store, second, 'v1');
    expect(sentBlobs(mirror).get(layerOf(second))).toBe(1);
    expect(result.mirrors[0]?.attempts).toBe(2);
  });

  it('fails a mirror that refuses a manifest however often its blobs are sent, and leaves the others alone', async () => {
    await hurry();
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.mirrors[2].inject(({ kind }) =>
      kind === 'putManifest'
        ? { status: 400, readBody: true, body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}' }
        : undefined,
    );
    result = await world.copy(digest);
    expect(codesOf(result)).toEqual([undefined, undefined, 'BLOB_UNKNOWN']);
    // At once and after 250 ms, 1 s and 3 s; all of it once more when its blobs were sent again.
    expect(world.mirrors[2].counters.counts().kinds.putManifest).toBe(8);
  });

  it.each(SIZES)('begins a new upload when the registry has lost the first, when %s', async (_, size) => {
    const built = buildImage({ seed: 12, layers: [size] });
    const lost = once(
      onPutOf(layerOf(built), { status: 404, readBody: true, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' }),
    );
    const digest = storeImage(world.source.store, STAGED, built).digest;
    world.mirrors[0].inject(lost);
    result = await world.copy(digest);
    expect(codesOf(result)).toEqual(OK);
    expectImage(world.mirrors[0].store, built, 'v1');
    expect(putsOf(world.mirrors[0], layerOf(built))).toBe(2);
    expect(result.mirrors[0]?.attempts).toBe(2);
    // What is held is sent again from memory; what was teed is read again.
    expect(result.sourceReads).toBe(partsOf(built) + (size > HELD ? 1 : 0));
  });

  it.each(SIZES)('follows an upload that is redirected, when %s', async (_, size) => {
    const built = buildImage({ seed: 22, layers: [size] });
    await copyWith(built, ({ kind, path }) =>
      kind === 'put' && !path.includes('there') ? { status: 307, headers: { location: `${path}&there` } } : undefined,
    );
    // A stream is read again for the new address.
    expect(result.sourceReads).toBe(partsOf(built) + (size > HELD ? 1 : 0));
    expect(result.mirrors.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  it('sends nothing again when the connection broke after the blob was stored', async () => {
    const built = buildImage({ seed: 13, layers: [HELD] });
    await copyWith(built, once(onPutOf(layerOf(built), 'resetAfter')));
    // The replay finds its session closed, and HEAD finds the blob.
    expect(sentBlobs(world.mirrors[0]).get(layerOf(built))).toBeUndefined();
    expect(world.mirrors[0].counters.counts().kinds.headBlob).toBe(1);
  });

  it('replays held bytes after a 5xx in the same upload, without a new read of the source', async () => {
    const built = buildImage({ seed: 14, layers: [HELD] });
    await copyWith(built, once(onPutOf(layerOf(built), { status: 503, readBody: true })));
    expect(result.sourceReads).toBe(partsOf(built));
    expect(result.mirrors[0]?.attempts).toBe(1);
  });

  it.each([
    ['a 5xx in the end', { status: 500, readBody: true }],
    ['a 5xx at once', { status: 502 }],
    ['a connection that is cut', 'reset'],
    ['a 401 in the end', { status: 401, readBody: true, headers: { 'www-authenticate': 'Basic realm="again"' } }],
  ] as const)(
    'reads a teed blob again for the one mirror that met %s, and the others notice nothing',
    async (_, fault) => {
      const built = buildImage({ seed: 15, layers: [TEED] });
      const layer = layerOf(built);
      await copyWith(built, once(onPutOf(layer, fault)));
      expect(result.sourceReads).toBe(partsOf(built) + 1);
      expect(world.source.counters.log.filter(({ reference }) => reference === layer)).toHaveLength(2);
      expect(result.mirrors.map(({ attempts }) => attempts)).toEqual([2, 1, 1]);
      expect(world.mirrors.map((mirror) => putsOf(mirror, layer))).toEqual([2, 1, 1]);
    },
  );

  it('gives up after five uploads of one blob, and the others are complete', async () => {
    const built = buildImage({ seed: 16, layers: [TEED] });
    const digest = storeImage(world.source.store, STAGED, built).digest;
    world.mirrors[0].inject(onPutOf(layerOf(built), { status: 500, readBody: true }));
    result = await world.copy(digest);
    expect(codesOf(result)).toEqual(['REPLAY_NEEDED', undefined, undefined]);
    expect(putsOf(world.mirrors[0], layerOf(built))).toBe(5);
    expect(world.mirrors[0].openUploads()).toBe(0);
  });

  it('leaves the others alone when one mirror refuses everything', async () => {
    const digest = storeImage(world.source.store, STAGED, buildImage({ seed: 17, layers: [TEED, HELD] })).digest;
    world.mirrors[1].inject(() => ({ status: 403, body: '{"errors":[{"code":"DENIED","message":"not yours"}]}' }));
    result = await world.copy(digest);
    expect(codesOf(result)).toEqual([undefined, 'DENIED', undefined]);
    expect(result.mirrors[1]?.error?.message).toContain('not yours');
    expect(result.sourceReads).toBe(4);
  });

  it('finishes the tags that can be written before it says which could not', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.mirrors[0].inject(({ kind, reference }) =>
      kind === 'putManifest' && reference === 'v2' ? { status: 403 } : undefined,
    );
    result = await world.copy(digest, [targetOn(world.mirrors[0], { tags: ['v1', 'v2', 'v3'] })]);
    expect(codesOf(result)).toEqual(['DENIED']);
    expect([...(world.mirrors[0].store.repository(TARGET)?.tags.keys() ?? [])].toSorted()).toEqual(['v1', 'v3']);
  });
});

describe('reading back over HTTP', () => {
  let world: Copying;
  beforeEach(async () => {
    // Small images only: but for the waits between two looks nothing takes long enough to notice the fast clock.
    world = await startCopying({ clock: patientClock(50) });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  it('says INCOMPLETE when a registry acknowledges a tag and then serves another digest', async () => {
    const other = buildImage({ seed: 8 }).manifest.descriptor.digest;
    const digest = storeImage(world.source.store, STAGED, image).digest;
    // The first look finds the tag free.
    world.mirrors[1].inject(({ kind, nth }) =>
      kind === 'headManifest' && nth > 1 ? { status: 200, headers: { 'docker-content-digest': other } } : undefined,
    );
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual([undefined, 'INCOMPLETE', undefined]);
    const message = result.mirrors[1]?.error?.message;
    expect(message).toContain(`${world.mirrors[1].host}/${TARGET}:v1`);
    expect(message).toContain(other);
    expect(message).toContain(digest);
  });

  it('says INCOMPLETE when a tag that was acknowledged cannot be found', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.mirrors[1].inject(({ kind }) => (kind === 'headManifest' ? { status: 404 } : undefined));
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual([undefined, 'INCOMPLETE', undefined]);
    expect(result.mirrors[1]?.error?.message).toContain('not found');
  });

  it('waits for a registry that shows what was written only after a while', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.mirrors[0].inject(({ kind, nth }) => (kind === 'headManifest' && nth <= 2 ? { status: 404 } : undefined));
    const result = await world.copy(digest);
    expect(codesOf(result)).toEqual(OK);
    expect(result.mirrors[0]?.attempts).toBe(1);
    expect(world.mirrors[0].counters.counts().kinds.headManifest).toBe(3);
  });

  it('reads every tag back, not only the first', async () => {
    const digest = storeImage(world.source.store, STAGED, image).digest;
    world.mirrors[0].inject(({ kind, reference }) =>
      kind === 'headManifest' && reference === 'v3' ? { status: 404 } : undefined,
    );
    const result = await world.copy(
      digest,
      world.mirrors.map((mirror) => targetOn(mirror, { tags: ['v1', 'v2', 'v3'] })),
    );
    expect(codesOf(result)).toEqual(['INCOMPLETE', undefined, undefined]);
    expect(result.mirrors[0]?.error?.message).toContain(`${TARGET}:v3`);
  });
});
