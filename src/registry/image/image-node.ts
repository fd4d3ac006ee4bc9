import { PromotionError } from '../../errors.ts';
import {
  ACCEPTED_MANIFESTS,
  ARTIFACT_MANIFEST,
  MEDIA_TYPES,
  type Descriptor,
  type Manifest,
} from '../../image/descriptor.ts';
import { UNKNOWN_TYPE } from '../../image/manifest-type.ts';
import { readOci, type OciDescriptor } from '../../image/oci.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../request.ts';

/** A manifest with the descriptors in it. */
export type ImageNode = {
  readonly manifest: Manifest;
  readonly blobs: readonly Descriptor[];
  /** Layers with their own URLs; some registries store them nevertheless. */
  readonly foreign: readonly Descriptor[];
  /** The children of an index, as its descriptors describe them. */
  readonly children: readonly Descriptor[];
  readonly artifactType?: string;
};

/**
 * Manifest size that every registry must accept
 * (https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests); in bytes.
 */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** Ten times as many manifests as any index in use has; each is a request, and is signed and judged. */
export const MAX_MANIFESTS = 1_000;

/** Config media types of images, as opposed to artifacts. */
const IMAGE_CONFIGS: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

/** Parses a manifest; throws UNSUPPORTED_MANIFEST if it cannot be copied unchanged. */
export function nodeOf(manifest: Manifest, repository: RepositoryName): ImageNode {
  const { mediaType, size } = manifest.descriptor;
  if (size > MAX_MANIFEST) throw unsupported(repository, manifest, `has ${size} bytes, more than ${MAX_MANIFEST}`);
  const read = readOci(manifest);
  if (read.kind === 'unread') throw unsupported(repository, manifest, read.problem);
  const { artifactType } = read;
  if (read.kind === 'index') {
    const odd = read.children.map(problemOfChild).find((problem) => problem !== undefined);
    if (odd !== undefined) throw unsupported(repository, manifest, odd);
    return { manifest, blobs: [], foreign: [], children: read.children.map(toDescriptor), ...typeOf(artifactType) };
  }
  if (!ACCEPTED_MANIFESTS.includes(mediaType))
    throw unsupported(repository, manifest, 'is of a type that is neither an image nor an index');
  const { config, layers } = read;
  const isForeign = ({ urls }: OciDescriptor): boolean => urls.length > 0;
  const own = layers.filter((layer) => !isForeign(layer));
  return {
    manifest,
    blobs: [config, ...own].map(toDescriptor),
    foreign: layers.filter(isForeign).map(toDescriptor),
    children: [],
    // https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
    ...typeOf(artifactType ?? (IMAGE_CONFIGS.includes(config.mediaType) ? undefined : config.mediaType)),
  };
}

function typeOf(artifactType: string | undefined): Pick<ImageNode, 'artifactType'> {
  return artifactType === undefined ? {} : { artifactType };
}

/**
 * Returns why a child of an index cannot be copied unchanged; undefined if it can. A child without a media type is
 * checked when it is read.
 */
function problemOfChild({ mediaType, digest, size }: OciDescriptor): string | undefined {
  if (mediaType === ARTIFACT_MANIFEST) return `names ${digest}, a deprecated OCI artifact manifest`;
  if (mediaType !== UNKNOWN_TYPE && !ACCEPTED_MANIFESTS.includes(mediaType))
    return `names ${digest} of type ${mediaType}, which is neither an image nor an index`;
  return size > MAX_MANIFEST ? `names ${digest} of ${size} bytes, more than ${MAX_MANIFEST}` : undefined;
}

function toDescriptor({ mediaType, digest, size }: OciDescriptor): Descriptor {
  return { mediaType, digest, size };
}

/** Returns the error for an unsupported manifest, with its name and type. */
export function unsupported(repository: RepositoryName, manifest: Manifest, problem: string): PromotionError {
  return new PromotionError(
    'UNSUPPORTED_MANIFEST',
    `${referenceText(repository, manifest.descriptor.digest)} (${manifest.descriptor.mediaType}) ${problem}`,
    {
      side: 'source',
      hint: `build it as an OCI or Docker image (${MEDIA_TYPES.ociManifest}) or index`,
    },
  );
}
