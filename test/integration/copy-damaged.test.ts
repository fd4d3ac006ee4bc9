import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES } from '../../src/image/descriptor.ts';
import { blobOf } from '../support/memory-registry/store.ts';
import {
  codesOf,
  expectImage,
  HELD,
  layerOf,
  SIZES,
  STAGED,
  startCopying,
  TARGET,
  targetOn,
  type Copying,
} from '../support/copying.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import type { RegistryOptions } from '../support/registry/options.ts';
import type { TestRegistry } from '../support/registry/server.ts';

const OTHERS = 'prod/other';
const EMPTY = blobOf(Buffer.alloc(0));

/** Copies an image to a mirror that has its layer with no bytes. */
async function copyTo(
  world: Copying,
  size: number,
  target: Parameters<typeof targetOn>[1] = { isNew: false },
): Promise<{
  readonly codes: readonly (string | undefined)[];
  readonly mirror: TestRegistry;
  readonly message: string;
}> {
  const [mirror] = world.mirrors;
  const image = buildImage({ seed: 20, layers: [size] });
  const digest = storeImage(world.source.store, STAGED, image).digest;
  const result = await world.copy(digest, [targetOn(mirror, target)]);
  const codes = codesOf(result);
  if (codes[0] === undefined) expectImage(mirror.store, image, 'v1', target?.repository?.slice(mirror.host.length + 1));
  return { codes, mirror, message: result.mirrors[0]?.error?.message ?? '' };
}

async function damaged(size: number, mirrors: RegistryOptions = {}, path = TARGET): Promise<Copying> {
  const world = await startCopying({ mirrors });
  const layer = layerOf(buildImage({ seed: 20, layers: [size] }));
  for (const { store } of world.mirrors) store.putBlob(path, layer, EMPTY);
  return world;
}

describe('copying over HTTP to mirrors that have damaged blobs', () => {
  it.each(SIZES)('sends a blob again that the mirror has with another length, when %s', async (_, size) => {
    await using world = await damaged(size);
    expect((await copyTo(world, size)).codes).toEqual([undefined]);
  });

  it.each(SIZES)('fails if the mirror keeps what it has, when %s', async (_, size) => {
    await using world = await damaged(size, { keepsDamaged: true });
    const { codes, message, mirror } = await copyTo(world, size);
    expect(codes).toEqual(['INCOMPLETE']);
    expect(message).toContain(`${mirror.host}/${TARGET}@${layerOf(buildImage({ seed: 20, layers: [size] }))}`);
    expect(mirror.store.repository(TARGET)?.manifests.size ?? 0).toBe(0);
  });

  it('mounts nothing from a repository whose blob is damaged, and looks at what it sent to others there', async () => {
    await using world = await damaged(HELD);
    expect((await copyTo(world, HELD)).codes).toEqual([undefined]);
    const { codes, mirror } = await copyTo(world, HELD, { repository: `${world.mirrors[0].host}/${OTHERS}` });
    expect(codes).toEqual([undefined]);
    const layer = layerOf(buildImage({ seed: 20, layers: [HELD] }));
    const asked = mirror.counters.log.map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);
    expect(asked.filter((request) => request.includes(`mount=${layer}`))).toEqual([]);
    expect(asked).toContain(`HEAD /v2/${OTHERS}/blobs/${layer}`);
  });

  it('takes the bytes for proof where HEAD tells a wrong length', async () => {
    await using world = await startCopying();
    world.mirrors[0].inject(({ kind }) =>
      kind === 'headBlob' ? { status: 200, headers: { 'content-length': '0' } } : undefined,
    );
    const { codes, mirror } = await copyTo(world, HELD);
    expect(codes).toEqual([undefined]);
    expect(mirror.counters.counts().kinds).toMatchObject({ headBlob: 2, getBlob: 1 });
  });

  it('does not promote within a registry what is damaged in staging', async () => {
    await using world = await startCopying();
    const [mirror] = world.mirrors;
    const image = buildImage({ seed: 20, layers: [HELD] });
    const { digest } = storeImage(mirror.store, STAGED, image);
    mirror.store.putBlob(STAGED, layerOf(image), EMPTY);
    const source = `${mirror.host}/${STAGED}`;
    const { signal } = new AbortController();
    const result = await world.copier.copy({ source, digest, targets: [targetOn(mirror)] }, signal).done;
    expect(codesOf(result)).toEqual(['DIGEST_MISMATCH']);
    expect(mirror.store.repository(TARGET)?.manifests.size ?? 0).toBe(0);
  });

  it('copies a layer with addresses of its own that staging has', async () => {
    await using world = await startCopying();
    const plain = buildImage({ seed: 21, layers: [1000] });
    const { layers, ...rest } = JSON.parse(Buffer.from(plain.manifest.bytes).toString()) as { layers: object[] };
    const urls = ['https://layers.example.com/one'];
    const bytes = Buffer.from(JSON.stringify({ ...rest, layers: layers.map((layer) => ({ ...layer, urls })) }));
    const stored = storeImage(world.source.store, STAGED, plain);
    expect(stored.digest).toBe(plain.manifest.descriptor.digest);
    const put = world.source.store.putManifest(STAGED, 'foreign', MEDIA_TYPES.ociManifest, bytes);
    if ('refused' in put) throw new Error(put.message);
    expect(codesOf(await world.copy(put.digest))).toEqual([undefined, undefined, undefined]);
    for (const { store } of world.mirrors) expect(store.repository(TARGET)?.blobs.has(layerOf(plain))).toBe(true);
  });
});
