import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { blobOf, blobSink, registryStore } from './store.ts';

const index = (note: string): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { note } }));
const layer = Buffer.from('layer');

function imageOf(layerSize: number, extra: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      layers: [{ mediaType: 'any', digest: digestOf(layer), size: layerSize, ...extra }],
    }),
  );
}

describe('test/support/memory-registry/store.ts', () => {
  it('shares what was loaded until one of the stores changes it', () => {
    const first = registryStore();
    first.putManifest('app', 'v1', MEDIA_TYPES.ociIndex, index('a'));
    const shared = first.repository('app');
    if (shared === undefined) throw new Error('nothing was stored');
    const [second, third] = [registryStore(), registryStore()];
    for (const store of [second, third]) store.load('copy', shared);
    second.putManifest('copy', 'v2', MEDIA_TYPES.ociIndex, index('b'));
    expect(third.repository('copy')).toBe(shared);
    expect([...shared.tags.keys()]).toEqual(['v1']);
    expect([...(second.repository('copy')?.tags.keys() ?? [])]).toEqual(['v1', 'v2']);
  });

  it('gives a repository a new identity with each change', () => {
    const store = registryStore();
    store.putManifest('app', 'v1', MEDIA_TYPES.ociIndex, index('a'));
    const before = store.repository('app');
    expect(store.repository('app')).toBe(before);
    store.remove('app', 'manifest', 'v1');
    expect(store.repository('app')).not.toBe(before);
  });

  it.for([
    ['a blob that is missing', MEDIA_TYPES.ociManifest, imageOf(5), 'MANIFEST_BLOB_UNKNOWN'],
    [
      'a type that the bytes contradict',
      MEDIA_TYPES.ociIndex,
      Buffer.from(`{"mediaType":"${MEDIA_TYPES.dockerList}"}`),
      'MANIFEST_INVALID',
    ],
    ['bytes that are no JSON', MEDIA_TYPES.ociIndex, Buffer.from('<html>'), 'MANIFEST_INVALID'],
  ] as const)('refuses a manifest with %s', ([, mediaType, bytes, refused]) => {
    const store = registryStore();
    expect(store.putManifest('app', 'v1', mediaType, bytes)).toMatchObject({ refused });
    expect(store.repository('app')).toBeUndefined();
  });

  it('refuses a layer of another size, takes one that is kept elsewhere, and anything where told', () => {
    const store = registryStore();
    store.putBlob('app', digestOf(layer), blobOf(layer));
    expect(store.putManifest('app', 'v1', MEDIA_TYPES.ociManifest, imageOf(6))).toMatchObject({
      refused: 'SIZE_INVALID',
    });
    expect(store.putManifest('app', 'v1', MEDIA_TYPES.ociManifest, imageOf(5))).not.toHaveProperty('refused');
    expect(
      store.putManifest('other', 'v1', MEDIA_TYPES.ociManifest, imageOf(5, { urls: ['https://example.com/layer'] })),
    ).not.toHaveProperty('refused');
    expect(
      registryStore({ allowMissing: true }).putManifest('app', 'v1', MEDIA_TYPES.ociManifest, imageOf(5)),
    ).not.toHaveProperty('refused');
  });

  it('stores a manifest under a sha512 digest', () => {
    const store = registryStore();
    const digest = digestOf(index('a'), `sha512:${'0'.repeat(128)}`);
    expect(store.putManifest('app', digest, MEDIA_TYPES.ociIndex, index('a'))).toEqual({ digest });
    expect(store.resolve('app', digest)).toBe(digest);
  });

  it('keeps small uploads, and of large ones only that they were right', () => {
    for (const [keepBelow, kept] of [
      [5, true],
      [4, false],
    ] as const) {
      const sink = blobSink(keepBelow);
      for (const part of ['lay', 'er']) sink.write(Buffer.from(part));
      expect(sink.finish(digestOf(Buffer.from('other')))).toBeUndefined();
      const content = sink.finish(digestOf(layer));
      expect(content?.size).toBe(5);
      expect(content?.chunks === undefined ? undefined : Buffer.concat([...content.chunks(1, 4)]).toString()).toBe(
        kept ? 'aye' : undefined,
      );
    }
  });

  it('checks an upload against a sha512 digest', () => {
    const sink = blobSink();
    sink.write(layer);
    expect(sink.finish(digestOf(layer, `sha512:${'0'.repeat(128)}`))).toMatchObject({ size: 5 });
  });
});
