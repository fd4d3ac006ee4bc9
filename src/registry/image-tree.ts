import { z } from 'zod';
import { PromotionError } from '../errors.ts';
import { isIndexType, MEDIA_TYPES, type Descriptor, type Manifest } from '../image/descriptor.ts';
import { isDigest, type Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referenceText } from './distribution-manifests.ts';

/** An image or index with all that it consists of. */
export type ImageTree = {
  readonly root: Manifest;
  /** Manifests below the root in the order in which they can be written: each level needs only those before it. */
  readonly levels: readonly (readonly Manifest[])[];
  /** Configs and layers of all platforms, each digest once. */
  readonly blobs: readonly Descriptor[];
};

/** Deeper than any index in use; a guard against an index built to be followed for ever. */
const MAX_DEPTH = 16;

const descriptor = z.looseObject({
  mediaType: z.string().default('application/octet-stream'),
  digest: z.string().refine((text): text is Digest => isDigest(text), 'is not a digest'),
  size: z.int().nonnegative(),
  urls: z.array(z.string()).optional(),
});

// https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
const imageManifest = z.looseObject({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor) });
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
const imageIndex = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(descriptor) });

/** Reads a manifest by digest; undefined when the source does not have it. */
export type ReadManifest = (digest: Digest) => Promise<Manifest | undefined>;

/** A manifest with what it names. */
type Node = {
  readonly manifest: Manifest;
  readonly blobs: readonly Descriptor[];
  readonly children: readonly Digest[];
};

/** Follows an image or index down to its blobs. */
export async function readImageTree(
  root: Manifest,
  repository: RepositoryName,
  read: ReadManifest,
): Promise<ImageTree> {
  const nodes = new Map<Digest, Node>();
  let level: readonly Manifest[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw unsupported(repository, root, `nests indexes more than ${MAX_DEPTH} deep`);
    for (const manifest of level) nodes.set(manifest.descriptor.digest, nodeOf(manifest, repository));
    const named = new Set(level.flatMap((manifest) => nodes.get(manifest.descriptor.digest)?.children ?? []));
    const unread = [...named].filter((digest) => !nodes.has(digest));
    level = await Promise.all(unread.map((digest) => readChild(digest, repository, root, read)));
  }
  const blobs = new Map<Digest, Descriptor>();
  for (const node of nodes.values()) for (const blob of node.blobs) blobs.set(blob.digest, blob);
  return { root, levels: levelsOf(nodes, root), blobs: [...blobs.values()] };
}

/** Everything but the root, by its height above the images: a manifest may be named on several levels at once. */
function levelsOf(nodes: ReadonlyMap<Digest, Node>, root: Manifest): readonly (readonly Manifest[])[] {
  const heights = new Map<Digest, number>();
  const heightOf = (digest: Digest): number => {
    const known = heights.get(digest);
    if (known !== undefined) return known;
    const height = Math.max(0, ...(nodes.get(digest)?.children ?? []).map((child) => heightOf(child) + 1));
    heights.set(digest, height);
    return height;
  };
  const levels: Manifest[][] = [];
  for (const [digest, { manifest }] of nodes) {
    if (manifest !== root) (levels[heightOf(digest)] ??= []).push(manifest);
  }
  return levels;
}

async function readChild(
  child: Digest,
  repository: RepositoryName,
  root: Manifest,
  read: ReadManifest,
): Promise<Manifest> {
  const manifest = await read(child);
  if (manifest !== undefined) return manifest;
  throw new PromotionError(
    'NOT_FOUND',
    `the index ${referenceText(repository, root.descriptor.digest)} names ${child}, which the source does not have`,
    {
      side: 'source',
      hint: 'push the index with all its platforms to staging again',
    },
  );
}

function nodeOf(manifest: Manifest, repository: RepositoryName): Node {
  const body = parseJson(manifest, repository);
  if (isIndexType(manifest.descriptor.mediaType) || (body as { manifests?: unknown }).manifests !== undefined) {
    const index = imageIndex.safeParse(body);
    if (!index.success) throw unsupported(repository, manifest, problemOf(index.error));
    return { manifest, blobs: [], children: index.data.manifests.map(({ digest }) => digest) };
  }
  const image = imageManifest.safeParse(body);
  if (!image.success) throw unsupported(repository, manifest, problemOf(image.error));
  const { config, layers } = image.data;
  // Foreign layers are fetched from their own addresses, never from the registry.
  const own = layers.filter(({ urls }) => urls === undefined || urls.length === 0);
  return { manifest, blobs: [config, ...own].map(toDescriptor), children: [] };
}

function toDescriptor({ mediaType, digest, size }: z.infer<typeof descriptor>): Descriptor {
  return { mediaType, digest, size };
}

function parseJson(manifest: Manifest, repository: RepositoryName): unknown {
  try {
    const body: unknown = JSON.parse(Buffer.from(manifest.bytes).toString('utf8'));
    if (typeof body === 'object' && body !== null) return body;
  } catch (cause) {
    throw unsupported(repository, manifest, 'is not JSON', cause);
  }
  throw unsupported(repository, manifest, 'is not a JSON object');
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `is no image manifest or index of schema version 2: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is invalid'}`;
}

function unsupported(repository: RepositoryName, manifest: Manifest, problem: string, cause?: unknown): PromotionError {
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
