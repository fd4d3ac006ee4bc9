import { MEDIA_TYPES } from '../src/image/descriptor.ts';
import { digestOf } from '../src/image/digest.ts';
import { blobOf } from '../test/support/memory-registry/store.ts';
import { buildImage, buildMultiPlatform, type BuiltImage } from '../test/support/registry/images.ts';
import { describeBlob, seededBlob } from '../test/support/registry/seeded.ts';

/** An image of the example tree: its repository in staging, its name in production, and its tags. */
export type DemoImage = {
  readonly project: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly image: BuiltImage;
  /** False for the invalid entry, whose image is not in staging. */
  readonly isStaged: boolean;
};

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm', 'linux/ppc64le', 'linux/s390x'];

/** Bytes: large enough for layers, small enough to create quickly. */
const LAYERS = [64 * 1024, 24 * 1024, 8 * 1024];

/** Builds the images of the example tree, with the same bytes and digests on every machine. */
export function demoImages(): readonly DemoImage[] {
  const guestbook = { project: 'guestbook', isStaged: true };
  const probe = { project: 'probe', name: 'probe' };
  return [
    {
      ...guestbook,
      name: 'frontend',
      tags: ['2.1.0', '2.1'],
      image: buildMultiPlatform({ seed: 2100, layers: LAYERS }, PLATFORMS),
    },
    { ...guestbook, name: 'backend', tags: ['1.4.2'], image: buildImage({ seed: 1420, layers: LAYERS }) },
    { ...guestbook, name: 'charts/guestbook', tags: ['0.3.0'], image: buildChart('guestbook', '0.3.0') },
    { ...probe, tags: ['1.0.0'], isStaged: true, image: buildImage({ seed: 1000, layers: LAYERS, format: 'docker' }) },
    { ...probe, tags: ['1.1.0'], isStaged: false, image: buildImage({ seed: 1100, layers: LAYERS, format: 'docker' }) },
  ];
}

/** Returns the repository of an image below the staging registry. */
export function stagingPath({ project, name }: Pick<DemoImage, 'project' | 'name'>): string {
  return `staging-${project}/${name}`;
}

/**
 * Builds a chart as `helm push` stores it, with random bytes as its archive; https://helm.sh/docs/topics/registries/
 */
function buildChart(name: string, version: string): BuiltImage {
  const config = Buffer.from(JSON.stringify({ name, version, apiVersion: 'v2' }));
  const archive = seededBlob(4096, 300);
  const blobs = [
    {
      descriptor: {
        mediaType: 'application/vnd.cncf.helm.config.v1+json',
        digest: digestOf(config),
        size: config.length,
      },
      content: blobOf(config),
    },
    { descriptor: describeBlob(archive, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'), content: archive },
  ] as const;
  const mediaType = MEDIA_TYPES.ociManifest;
  const document = { schemaVersion: 2, mediaType, config: blobs[0].descriptor, layers: [blobs[1].descriptor] };
  const bytes = Buffer.from(JSON.stringify(document));
  return {
    manifest: { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } },
    blobs,
    children: [],
  };
}
