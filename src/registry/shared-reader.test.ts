import { describe, expect, it } from 'vitest';
import { buildImage, storeImage } from '../../test/support/registry/images.ts';
import { memoryRegistry, type MemoryRegistry } from '../../test/support/memory-registry/memory.ts';
import type { RegistryReader } from './roles.ts';
import { sharedReader } from './shared-reader.ts';

const call = { signal: new AbortController().signal };
const image = buildImage({ seed: 1 });
const { digest } = image.manifest.descriptor;
const [blob] = image.blobs;

function opened(): { readonly registry: MemoryRegistry; readonly reader: RegistryReader; readonly calls: string[] } {
  const calls: string[] = [];
  const registry = memoryRegistry({
    before: ({ operation, repository }) => void calls.push(`${operation} ${repository}`),
  });
  for (const host of ['a.test', 'b.test']) storeImage(registry.store(host), 'app', image, ['v1']);
  return { registry, reader: sharedReader(registry), calls };
}

async function bytesOf(reader: RegistryReader, repository: string): Promise<Buffer> {
  if (blob === undefined) throw new Error('an image has blobs');
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader.readBlob(repository, blob.descriptor, call)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('src/registry/shared-reader.ts', () => {
  it('reads a manifest once, and only looks it up in other repositories', async () => {
    const { reader, calls } = opened();
    const first = await reader.readManifest('a.test/app', 'v1', call);
    expect(first?.descriptor.digest).toBe(digest);
    for (const repository of ['a.test/app', 'b.test/app', 'b.test/app'])
      expect(await reader.readManifest(repository, digest, call)).toEqual(first);
    expect(calls).toEqual(['readManifest a.test/app', 'resolveManifest b.test/app']);
  });

  it('does not find a manifest in a repository without it', async () => {
    const { reader } = opened();
    await reader.readManifest('a.test/app', digest, call);
    expect(await reader.readManifest('c.test/app', digest, call)).toBeUndefined();
  });

  it('resolves a tag again each time', async () => {
    const { reader, calls } = opened();
    await reader.readManifest('a.test/app', 'v1', call);
    await reader.readManifest('a.test/app', 'v1', call);
    expect(calls).toHaveLength(2);
  });

  it('reads a blob once, and an interrupted one again', async () => {
    const { reader, calls } = opened();
    if (blob === undefined) throw new Error('an image has blobs');
    for await (const chunk of reader.readBlob('a.test/app', blob.descriptor, call)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    const all = await bytesOf(reader, 'a.test/app');
    expect(all).toHaveLength(blob.descriptor.size);
    expect(await bytesOf(reader, 'b.test/app')).toEqual(all);
    expect(calls).toEqual(['readBlob a.test/app', 'readBlob a.test/app']);
  });

  it('keeps 8 MiB, and reads further content again', async () => {
    const { registry, reader, calls } = opened();
    const large = buildImage({ seed: 2, layers: [5 * 1024 * 1024, 5 * 1024 * 1024] });
    for (const host of ['a.test', 'b.test']) storeImage(registry.store(host), 'app', large);
    const layers = large.blobs.slice(-2).map(({ descriptor }) => descriptor);
    const read = async (repository: string): Promise<void> => {
      for (const layer of layers)
        for await (const chunk of reader.readBlob(repository, layer, call)) expect(chunk.length).toBeGreaterThan(0);
    };
    await read('a.test/app');
    await read('b.test/app');
    expect(calls).toEqual(['readBlob a.test/app', 'readBlob a.test/app', 'readBlob b.test/app']);
  });
});
