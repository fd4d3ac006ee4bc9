import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../../src/errors.ts';
import { MEDIA_TYPES, type Manifest } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { memoryRegistry, type MemoryCall } from './memory.ts';
import { blobOf } from './store.ts';

const call = { signal: new AbortController().signal };
const blob = { mediaType: 'any', digest: digestOf(Buffer.from('blob')), size: 4 };

function emptyIndex(note: string): Manifest {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], annotations: { note } }),
  );
  return { bytes, descriptor: { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(bytes), size: bytes.length } };
}

describe('test/support/memory-registry/memory.ts', () => {
  it('keeps hosts apart, and repositories of one path on two of them', async () => {
    const registry = memoryRegistry();
    await registry.writeManifest('a.test/app', 'v1', emptyIndex('a'), call);
    expect(await registry.resolveManifest('b.test/app', 'v1', call)).toBeUndefined();
    expect(registry.store('a.test').paths()).toEqual(['app']);
  });

  it('lists each host in its own kind', async () => {
    const registry = memoryRegistry({ listing: (host) => (host === 'a.test' ? 'digests' : 'tags'), now: () => 7 });
    const index = emptyIndex('both');
    for (const repository of ['a.test/app', 'b.test/app']) await registry.writeManifest(repository, 'v1', index, call);
    const listed = { tags: ['v1'], mediaType: MEDIA_TYPES.ociIndex, uploadedAt: 7 };
    expect(await registry.listRepository('a.test/app', call)).toEqual({
      kind: 'digests',
      manifests: new Map([[index.descriptor.digest, listed]]),
      children: new Set(),
    });
    expect(await registry.listRepository('b.test/app', call)).toEqual({ kind: 'tags', tags: new Set(['v1']) });
  });

  it('asks `before` ahead of every call, and fails with what that throws', async () => {
    const calls: MemoryCall[] = [];
    const registry = memoryRegistry({
      before: (asked) => {
        calls.push(asked);
        if (asked.repository === 'down.test/app') throw new PromotionError('NETWORK', 'no route');
      },
    });
    await registry.writeManifest('up.test/app', 'v1', emptyIndex('x'), call);
    await expect(registry.writeManifest('down.test/app', 'v1', emptyIndex('x'), call)).rejects.toMatchObject({
      code: 'NETWORK',
    });
    expect(calls.map(({ operation, repository }) => `${operation} ${repository}`)).toEqual([
      'writeManifest up.test/app',
      'writeManifest down.test/app',
    ]);
    expect(registry.store('down.test').paths()).toEqual([]);
  });

  it('mounts only within a host, and never where the host does not', async () => {
    const registry = memoryRegistry({ mounts: (host) => host !== 'never.test' });
    for (const host of ['a.test', 'never.test'])
      registry.store(host).putBlob('from', blob.digest, blobOf(Buffer.from('blob')));
    expect(await registry.startBlob('a.test/to', blob, 'a.test/from', call)).toBe('mounted');
    expect(await registry.startBlob('b.test/to', blob, 'a.test/from', call)).not.toBe('mounted');
    expect(await registry.startBlob('never.test/to', blob, 'never.test/from', call)).not.toBe('mounted');
  });

  it('refuses to move an immutable tag', async () => {
    const registry = memoryRegistry({ immutableTags: true });
    await registry.writeManifest('a.test/app', 'v1', emptyIndex('first'), call);
    await registry.writeManifest('a.test/app', 'v1', emptyIndex('first'), call);
    await expect(registry.writeManifest('a.test/app', 'v1', emptyIndex('second'), call)).rejects.toMatchObject({
      code: 'REGISTRY_ERROR',
    });
  });

  it('keeps its own bytes when the caller reuses a buffer', async () => {
    const registry = memoryRegistry();
    const buffer = Buffer.from('blob');
    const upload = await registry.startBlob('a.test/app', blob, undefined, call);
    if (upload === 'mounted') throw new Error('mounted from nowhere');
    await upload.send(buffer, call);
    buffer.fill(0);
    const chunks: Uint8Array[] = [];
    for await (const chunk of registry.readBlob('a.test/app', blob, call)) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('blob');
  });
});
