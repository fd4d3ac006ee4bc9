import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES } from './descriptor.ts';
import { manifestTypeOf } from './manifest-type.ts';

const { ociManifest, ociIndex, dockerManifest, dockerList } = MEDIA_TYPES;
const typeOf = (body: unknown, ...told: (string | undefined)[]): string =>
  manifestTypeOf(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), ...told);

const config = { mediaType: 'application/vnd.oci.image.config.v1+json' };
const image = { schemaVersion: 2, config, layers: [] };

describe('src/image/manifest-type', () => {
  it('returns the type that the bytes state, whatever the response says', () => {
    expect(typeOf({ ...image, mediaType: dockerManifest }, ociManifest)).toBe(dockerManifest);
    expect(typeOf({ ...image, mediaType: '' }, ociManifest)).toBe(ociManifest);
  });

  it('returns the first manifest type of the given ones', () => {
    expect(typeOf(image, undefined, 'text/plain', dockerManifest, ociManifest)).toBe(dockerManifest);
    expect(typeOf('not JSON', dockerList)).toBe(dockerList);
  });

  it.each([
    ['an image', image, ociManifest],
    ['an image without layers', { schemaVersion: 2, config, layers: null }, ociManifest],
    [
      'an image of Docker',
      { ...image, config: { mediaType: 'application/vnd.docker.container.image.v1+json' } },
      dockerManifest,
    ],
    ['an index', { schemaVersion: 2, manifests: [{}] }, ociIndex],
    ['an index without manifests', { schemaVersion: 2, manifests: null }, ociIndex],
  ])('derives the type of %s from its fields', (_, body, type) => {
    for (const told of ['text/plain', 'application/json', 'application/octet-stream', undefined])
      expect(typeOf(body, told)).toBe(type);
  });

  it.each([
    ['an image and an index at once', { ...image, manifests: [{}] }],
    ['an index with layers', { schemaVersion: 2, manifests: [{}], layers: [{}] }],
    ['schema version 1', { schemaVersion: 1, fsLayers: [] }],
    ['neither', { schemaVersion: 2 }],
    ['a list', []],
    ['no JSON', '<html>'],
  ])('returns no type for %s', (_, body) => {
    expect(typeOf(body, 'text/plain')).toBe('application/octet-stream');
  });
});
