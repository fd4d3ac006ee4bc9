import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import {
  ACCEPTED_MANIFESTS,
  ARTIFACT_MANIFEST,
  isIndexType,
  MEDIA_TYPES,
  type Descriptor,
  type Manifest,
} from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import { listJson } from '../image/json.ts';
import { isFilled, UNKNOWN_TYPE } from '../image/manifest-type.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referenceText } from './distribution-manifests.ts';

/** A manifest with what it names. */
export type ImageNode = {
  readonly manifest: Manifest;
  readonly blobs: readonly Descriptor[];
  /** Layers with addresses of their own: some registries have them all the same. */
  readonly foreign: readonly Descriptor[];
  /** What an index names, as its descriptors say. */
  readonly children: readonly Descriptor[];
  readonly artifactType?: string;
};

/** What a registry must take (https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests); in bytes. */
const MAX_MANIFEST = 4 * 1024 * 1024;

/** Configs of what is an image, and no artifact. */
const IMAGE_CONFIGS: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
];

const descriptor = z.looseObject({
  // Go programs write an empty type for one that they do not know.
  mediaType: z
    .string()
    .nullish()
    .transform((type) => type || UNKNOWN_TYPE),
  digest: z.string().refine((text): text is Digest => isDigest(text), 'is not a digest'),
  size: z.int().nonnegative(),
  urls: listJson(z.string()),
});

// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
const imageManifest = z.looseObject({
  schemaVersion: z.literal(2),
  artifactType: z.string().nullish(),
  config: descriptor,
  layers: listJson(descriptor),
});
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
const imageIndex = z.looseObject({
  schemaVersion: z.literal(2),
  artifactType: z.string().nullish(),
  manifests: listJson(descriptor),
});

/** Reads what a manifest names; throws UNSUPPORTED_MANIFEST for what cannot be copied as it is. */
export function nodeOf(manifest: Manifest, repository: RepositoryName): ImageNode {
  const { mediaType, size } = manifest.descriptor;
  if (size > MAX_MANIFEST) throw unsupported(repository, manifest, `has ${size} bytes, more than ${MAX_MANIFEST}`);
  const body = parseJson(manifest, repository);
  if (isBoth(body)) throw unsupported(repository, manifest, 'names layers or a config as well as manifests');
  if (isIndexType(mediaType)) {
    const index = imageIndex.safeParse(body);
    if (!index.success) throw unsupported(repository, manifest, problemOf(body, index.error));
    const { manifests, artifactType } = index.data;
    const odd = manifests.map(problemOfChild).find((problem) => problem !== undefined);
    if (odd !== undefined) throw unsupported(repository, manifest, odd);
    const children = manifests.map(toDescriptor);
    return { manifest, blobs: [], foreign: [], children, ...typeOf(artifactType) };
  }
  const image = imageManifest.safeParse(body);
  if (!image.success) throw unsupported(repository, manifest, problemOf(body, image.error));
  if (!ACCEPTED_MANIFESTS.includes(mediaType))
    throw unsupported(repository, manifest, 'is of a type that is neither an image nor an index');
  const { config, layers, artifactType } = image.data;
  const isForeign = ({ urls }: z.infer<typeof descriptor>): boolean => urls.length > 0;
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

/** Of what is both, one program would run the layers and another one the children (GHSA-mc8v-mgrf-8f4m). */
function isBoth({ config, layers, manifests }: Body): boolean {
  return isFilled(manifests) && (isFilled(layers) || (config !== undefined && config !== null));
}

function typeOf(artifactType: string | null | undefined): Pick<ImageNode, 'artifactType'> {
  return typeof artifactType === 'string' && artifactType !== '' ? { artifactType } : {};
}

/** Why a child of an index cannot be copied as it is; what does not say its type shows it when it is read. */
function problemOfChild({ mediaType, digest, size }: z.infer<typeof descriptor>): string | undefined {
  if (mediaType === ARTIFACT_MANIFEST) return `names ${digest}, a deprecated OCI artifact manifest`;
  if (mediaType !== UNKNOWN_TYPE && !ACCEPTED_MANIFESTS.includes(mediaType))
    return `names ${digest} of type ${mediaType}, which is neither an image nor an index`;
  return size > MAX_MANIFEST ? `names ${digest} of ${size} bytes, more than ${MAX_MANIFEST}` : undefined;
}

function toDescriptor({ mediaType, digest, size }: z.infer<typeof descriptor>): Descriptor {
  return { mediaType, digest, size };
}

/** What is looked at before it is known which of its kinds a manifest is. */
type Body = { readonly [key in 'schemaVersion' | 'mediaType' | 'config' | 'layers' | 'manifests']?: unknown };

function parseJson(manifest: Manifest, repository: RepositoryName): Body {
  try {
    const body: unknown = JSON.parse(Buffer.from(manifest.bytes).toString('utf8'));
    if (typeof body === 'object' && body !== null) return body;
  } catch (cause) {
    throw unsupported(repository, manifest, 'is not JSON', cause);
  }
  throw unsupported(repository, manifest, 'is not a JSON object');
}

function problemOf({ schemaVersion, mediaType }: Body, error: z.ZodError): string {
  if (mediaType === ARTIFACT_MANIFEST) return 'is a deprecated OCI artifact manifest';
  if (schemaVersion === 1) return 'is an image of schema version 1';
  const issue = error.issues[0];
  return `is no image manifest or index of schema version 2: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is invalid'}`;
}

/** A refusal of a manifest, by name and type. */
export function unsupported(
  repository: RepositoryName,
  manifest: Manifest,
  problem: string,
  cause?: unknown,
): PromotionError {
  return new PromotionError(
    'UNSUPPORTED_MANIFEST',
    `${referenceText(repository, manifest.descriptor.digest)} (${manifest.descriptor.mediaType}) ${problem}`,
    {
      side: 'source',
      hint: `build it as an OCI or Docker image (${MEDIA_TYPES.ociManifest}) or index`,
      cause,
    },
  );
}
