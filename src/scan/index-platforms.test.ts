import { describe, expect, it } from 'vitest';
import { MEDIA_TYPES, type Manifest } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { platformsIn } from './index-platforms.ts';

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const manifest = (value: unknown, mediaType: string = MEDIA_TYPES.ociIndex): Manifest => {
  const bytes = Buffer.from(JSON.stringify(value));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
};

describe('src/scan/index-platforms.ts', () => {
  it('names the platforms of an index, each digest once, and leaves out what BuildKit attests', () => {
    const manifests = [
      { digest: digest('a'), platform: { os: 'linux', architecture: 'amd64' } },
      { digest: digest('b'), platform: { os: 'linux', architecture: 'arm', variant: 'v7' } },
      { digest: digest('c'), platform: { os: 'unknown', architecture: 'unknown' } },
      { digest: digest('a'), platform: { os: 'linux', architecture: 'amd64' } },
      { digest: digest('d') },
      { digest: 'broken' },
    ];
    expect(platformsIn(manifest({ manifests }))).toEqual([
      { digest: digest('a'), name: 'linux/amd64' },
      { digest: digest('b'), name: 'linux/arm/v7' },
      { digest: digest('d') },
    ]);
  });

  it('finds none in an image', () => {
    expect(platformsIn(manifest({ layers: [] }, MEDIA_TYPES.ociManifest))).toEqual([]);
  });
});
