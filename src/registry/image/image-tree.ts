import pLimit from 'p-limit';
import { PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { disputedType, manifestTypeOf } from '../../image/manifest-type.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../request.ts';
import { MAX_MANIFESTS, nodeOf, unsupported, type ImageNode } from './image-node.ts';
import type { SourceReader } from '../source.ts';

/** An image or index with all its manifests and blobs. */
export type ImageTree = {
  readonly root: Manifest;
  /** Manifests below the root in the order of writing: each level needs only those before it. */
  readonly levels: readonly (readonly Manifest[])[];
  /** Configs and layers of all platforms, each digest once. */
  readonly blobs: readonly Descriptor[];
  /** Artifact types of its manifests if it is not an image, each once. */
  readonly artifactTypes: readonly string[];
  /** Layers that clients fetch from their own URLs, since the source does not have them. */
  readonly foreign: readonly Descriptor[];
};

/** Deeper than any index in use; a guard against an endlessly nested index. */
const MAX_DEPTH = 16;

/**
 * Total size of the manifests of one image, in bytes: a hundred platforms have about 1 MiB. A registry must accept 4
 * MiB for each.
 */
const MAX_TREE_BYTES = 32 * 1024 * 1024;

/** Manifest bytes of an image that are read without borrowing memory; many times the size of common images. */
const FREE = 256 * 1024;

/** Manifests of one image that are read concurrently, and those of an image with large manifests. */
const [PARTS_AT_ONCE, LARGE_PARTS_AT_ONCE] = [8, 1];

/** The repository that an image is read from. */
export type TreeSource = {
  /** Lends memory for an image with large manifests. Default: no limit. */
  readonly lend?: (bytes: number) => Promise<() => void>;
  /** Reads a manifest; resolves to undefined if the source does not have it. */
  read(digest: Digest): Promise<Manifest | undefined>;
  /** Resolves to true if the source has a layer whose manifest names another location. */
  has(blob: Descriptor): Promise<boolean>;
};

/** Returns access to the parts of an image in one source repository. */
export function treeSource(
  source: Pick<SourceReader, 'manifest' | 'hasBlob' | 'memory'>,
  repository: RepositoryName,
  signal: AbortSignal,
): TreeSource {
  return {
    lend: (bytes) => source.memory.lend(bytes, () => undefined, signal),
    read: (digest) => source.manifest(repository, digest, signal),
    has: (blob) => source.hasBlob(repository, blob, signal),
  };
}

/** A tree, and the function that releases its memory. */
type OpenTree = { readonly tree: ImageTree; readonly close: () => void };

/**
 * Follows an image or index down to its blobs; resolves to undefined if the source does not have it. If its manifests
 * are large, drops them and reads them again once there is memory.
 */
export async function openImageTree(
  digest: Digest,
  repository: RepositoryName,
  source: TreeSource,
): Promise<OpenTree | undefined> {
  const within = async (most: number): Promise<ImageTree | 'too large' | undefined> => {
    const root = await source.read(digest);
    return root && treeWithin(most, typed(root), repository, source);
  };
  const small = await within(FREE);
  if (small === undefined) return undefined;
  if (small !== 'too large') return { tree: small, close: () => undefined };
  const close = (await source.lend?.(MAX_TREE_BYTES)) ?? ((): void => undefined);
  try {
    const tree = await within(MAX_TREE_BYTES);
    if (tree === 'too large') throw tooLarge(repository, digest);
    if (tree !== undefined) return { tree, close };
  } catch (error) {
    close();
    throw error;
  }
  close();
  return undefined;
}

function tooLarge(repository: RepositoryName, digest: Digest): PromotionError {
  const most = MAX_TREE_BYTES / 1024 / 1024;
  return new PromotionError(
    'UNSUPPORTED_MANIFEST',
    `${referenceText(repository, digest)} consists of more than ${most} MiB of manifests`,
    { side: 'source', hint: 'build it with fewer platforms or smaller annotations' },
  );
}

async function treeWithin(
  most: number,
  root: Manifest,
  repository: RepositoryName,
  source: TreeSource,
): Promise<ImageTree | 'too large'> {
  const nodes = new Map<Digest, ImageNode>();
  const few = pLimit(most > FREE ? LARGE_PARTS_AT_ONCE : PARTS_AT_ONCE);
  let weight = root.descriptor.size;
  let level: readonly Manifest[] = [root];
  const read = async (child: Descriptor): Promise<readonly Manifest[]> => {
    if (weight > most) return [];
    const manifest = await readChild(child, repository, root, source).catch((error: unknown) => {
      // After a failure the others are not needed.
      weight = Number.POSITIVE_INFINITY;
      throw error;
    });
    weight += manifest.descriptor.size;
    return weight > most ? [] : [manifest];
  };
  for (let depth = 0; level.length > 0 && weight <= most; depth++) {
    if (depth > MAX_DEPTH) throw unsupported(repository, root, `nests indexes more than ${MAX_DEPTH} deep`);
    for (const manifest of level) nodes.set(manifest.descriptor.digest, nodeOf(manifest, repository));
    const named = eachOnce(level.flatMap((manifest) => nodes.get(manifest.descriptor.digest)?.children ?? []));
    const unread = named.filter(({ digest }) => !nodes.has(digest));
    if (nodes.size + unread.length > MAX_MANIFESTS)
      throw unsupported(repository, root, `leads to more than ${MAX_MANIFESTS} manifests`);
    if (weight + unread.reduce((sum, { size }) => sum + size, 0) > most) return 'too large';
    level = (await Promise.all(unread.map((child) => few(() => read(child))))).flat();
  }
  return weight > most ? 'too large' : treeOf(nodes, root, source);
}

async function treeOf(nodes: ReadonlyMap<Digest, ImageNode>, root: Manifest, source: TreeSource): Promise<ImageTree> {
  const all = [...nodes.values()];
  const elsewhere = eachOnce(all.flatMap(({ foreign }) => foreign));
  const isHere = await Promise.all(elsewhere.map((layer) => source.has(layer)));
  return {
    root,
    levels: levelsOf(nodes, root),
    blobs: eachOnce([...all.flatMap(({ blobs }) => blobs), ...elsewhere.filter((_, index) => isHere[index])]),
    artifactTypes: [...new Set(all.flatMap(({ artifactType }) => artifactType ?? []))],
    foreign: elsewhere.filter((_, index) => !isHere[index]),
  };
}

/** Returns the number of bytes that copying the tree transfers. */
export function bytesOf({ root, levels, blobs }: Pick<ImageTree, 'root' | 'levels' | 'blobs'>): number {
  const descriptors = [root, ...levels.flat()].map(({ descriptor }) => descriptor).concat(blobs);
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

function eachOnce(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((one) => [one.digest, one])).values()];
}

/**
 * Returns all manifests but the root, by their height above the images: a manifest may be named on several levels at
 * once.
 */
function levelsOf(nodes: ReadonlyMap<Digest, ImageNode>, root: Manifest): readonly (readonly Manifest[])[] {
  const heights = new Map<Digest, number>();
  const heightOf = (digest: Digest): number => {
    const known = heights.get(digest);
    if (known !== undefined) return known;
    const height = Math.max(0, ...(nodes.get(digest)?.children ?? []).map((child) => heightOf(child.digest) + 1));
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
  child: Descriptor,
  repository: RepositoryName,
  root: Manifest,
  source: TreeSource,
): Promise<Manifest> {
  const manifest = await source.read(child.digest);
  if (manifest !== undefined && manifest.descriptor.size !== child.size) {
    const sizes = `of ${child.size} bytes, which has ${manifest.descriptor.size}`;
    throw unsupported(repository, root, `leads to ${child.digest} ${sizes}: clients refuse it`);
  }
  if (manifest !== undefined) return typed(manifest, child.mediaType);
  throw new PromotionError(
    'NOT_FOUND',
    `the index ${referenceText(repository, root.descriptor.digest)} names ${child.digest}, which the source repository does not have`,
    {
      side: 'source',
      hint: 'push the index with all its platforms to staging again',
    },
  );
}

/**
 * Returns the manifest with the media type that it states, its parent states, or its fields imply, whatever type it was
 * served as.
 */
function typed(manifest: Manifest, told?: string): Manifest {
  const { descriptor, bytes } = manifest;
  const mediaType = manifestTypeOf(bytes, told, descriptor.mediaType);
  const disputed = disputedType(bytes, told);
  if (mediaType === descriptor.mediaType && disputed === undefined) return manifest;
  const isDisputed = disputed !== undefined && { servedAs: disputed };
  return { ...manifest, descriptor: { ...descriptor, mediaType }, ...isDisputed };
}
