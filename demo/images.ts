import { MEDIA_TYPES } from '../src/image/descriptor.ts';
import { digestOf } from '../src/image/digest.ts';
import { blobOf } from '../test/support/memory-registry/store.ts';
import { buildImage, buildMultiPlatform, type BuiltImage } from '../test/support/registry/images.ts';
import { describeBlob, seededBlob } from '../test/support/registry/seeded.ts';

/** An image of the example tree: where staging has it, where production gets it, and under which tags. */
export type DemoImage = {
  readonly project: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly image: BuiltImage;
  /** False for the one that nobody pushed to staging: the broken entry. */
  readonly isStaged: boolean;
};

const PLATFORMS = ['linux/amd64', 'linux/arm64', 'linux/arm', 'linux/ppc64le', 'linux/s390x'];

/** Kibibytes: large enough to be layers, small enough to be made in no time. */
const LAYERS = [64 * 1024, 24 * 1024, 8 * 1024];

/** Builds all that the example tree names; the same bytes, and so the same digests, on every machine. */
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

/** The repository of staging that a project's images are pushed to. */
export function stagingPath({ project, name }: Pick<DemoImage, 'project' | 'name'>): string {
  return `staging-${project}/${name}`;
}

/** An artifact as `helm push` makes it, except that the archive is noise; https://helm.sh/docs/topics/registries/ */
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
