import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../../test/support/registry/images.ts';
import type { Digest } from '../image/digest.ts';
import {
  memoryRegistry,
  type MemoryCall,
  type MemoryOptions,
  type MemoryRegistry,
} from '../../test/support/memory-registry/memory.ts';
import type { Meter } from './roles.ts';
import { sourceReader, type SourceReader } from './source.ts';

const REPOSITORY = 'staging.test/app';
const signal = new AbortController().signal;
const MISSING: Digest = `sha256:${'0'.repeat(64)}`;
const MIB = 1024 * 1024;

type Staging = {
  readonly registry: MemoryRegistry;
  readonly reader: SourceReader;
  readonly calls: MemoryCall['operation'][];
  readonly meter: Meter;
};

/** A source that holds `images`, each call to it noted. */
function staging(images: readonly ReturnType<typeof buildImage>[], options: MemoryOptions = {}): Staging {
  const calls: MemoryCall['operation'][] = [];
  const registry = memoryRegistry({
    ...options,
    before: async (call) => {
      calls.push(call.operation);
      await options.before?.(call);
    },
  });
  for (const image of images) storeImage(registry.store('staging.test'), 'app', image);
  const meter = { requests: 0, bytes: 0 };
  return { registry, reader: sourceReader(registry, () => meter), calls, meter };
}

const few = [1, 2, 3].map((seed) => buildImage({ seed }));
const many = Array.from({ length: 10 }, (_, seed) => buildImage({ seed: 10 + seed }));
const digestsOf = (images: typeof few): Digest[] => images.map(({ manifest }) => manifest.descriptor.digest);

describe('src/registry/source', () => {
  it('reads a few digests one by one, and then has their manifests', async () => {
    const { reader, calls, meter } = staging(few);
    const found = await reader.whichExist(REPOSITORY, [...digestsOf(few), MISSING], signal);
    expect(found).toEqual(new Set(digestsOf(few)));
    expect(calls).toEqual(Array.from({ length: 4 }, () => 'readManifest'));
    for (const { manifest } of few) {
      const read = await reader.manifest(REPOSITORY, manifest.descriptor.digest, signal);
      expect(Buffer.from(read?.bytes ?? []).equals(manifest.bytes)).toBe(true);
    }
    expect([calls.length, meter.requests]).toEqual([4, 4]);
  });

  it('finds many digests with one listing if it includes digests, and reads only those that it lacks', async () => {
    const { reader, calls } = staging(many);
    expect(await reader.whichExist(REPOSITORY, [...digestsOf(many), MISSING], signal)).toEqual(
      new Set(digestsOf(many)),
    );
    expect(calls).toEqual(['listRepository', 'readManifest']);
  });

  it('finds digests that a listing omits', async () => {
    const { registry, calls } = staging(many);
    const cut = { ...registry, listRepository: async () => ({ kind: 'digests', manifests: new Map() }) as const };
    const reader = sourceReader(cut, () => ({ requests: 0, bytes: 0 }));
    expect(await reader.whichExist(REPOSITORY, digestsOf(many), signal)).toEqual(new Set(digestsOf(many)));
    expect(calls).toHaveLength(many.length);
  });

  it('looks up many digests one by one if listings include only tags', async () => {
    const { reader, calls } = staging(many, { listing: () => 'tags' });
    expect(await reader.whichExist(REPOSITORY, [...digestsOf(many), MISSING], signal)).toEqual(
      new Set(digestsOf(many)),
    );
    expect(calls.filter((operation) => operation === 'readManifest')).toHaveLength(many.length + 1);
  });

  it('reads a manifest once for concurrent callers', async () => {
    const { reader, calls } = staging(few);
    const [digest = MISSING] = digestsOf(few);
    const all = await Promise.all([1, 2, 3].map(() => reader.manifest(REPOSITORY, digest, signal)));
    expect(all.map((manifest) => manifest?.descriptor.digest)).toEqual([digest, digest, digest]);
    expect(calls).toEqual(['readManifest']);
  });

  it('reads again after a missing manifest or a failure', async () => {
    let broken = true;
    const { reader, calls } = staging(few, {
      before: () => {
        if (broken) throw new Error('broken');
      },
    });
    const [digest = MISSING] = digestsOf(few);
    await expect(reader.manifest(REPOSITORY, digest, signal)).rejects.toThrow('broken');
    broken = false;
    expect(await reader.manifest(REPOSITORY, MISSING, signal)).toBeUndefined();
    expect(await reader.manifest(REPOSITORY, MISSING, signal)).toBeUndefined();
    expect((await reader.manifest(REPOSITORY, digest, signal))?.descriptor.digest).toBe(digest);
    expect(calls).toHaveLength(4);
  });

  it('distinguishes repositories', async () => {
    const { reader } = staging(few);
    const [digest = MISSING] = digestsOf(few);
    await reader.manifest(REPOSITORY, digest, signal);
    expect(await reader.manifest('staging.test/other', digest, signal)).toBeUndefined();
  });

  it('drops the oldest manifests when there are too many', async () => {
    const large = Array.from({ length: 9 }, (_, seed) =>
      buildImage({ seed: 50 + seed, layers: [], annotations: { filler: 'x'.repeat(4 * MIB) } }),
    );
    const { reader, calls } = staging(large);
    for (const digest of digestsOf(large)) await reader.manifest(REPOSITORY, digest, signal);
    const [oldest = MISSING] = digestsOf(large);
    const youngest = digestsOf(large).at(-1) ?? MISSING;
    await reader.manifest(REPOSITORY, youngest, signal);
    expect(calls).toHaveLength(9);
    await reader.manifest(REPOSITORY, oldest, signal);
    expect(calls).toHaveLength(10);
  });
});
