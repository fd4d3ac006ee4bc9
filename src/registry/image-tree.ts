import { PromotionError } from '../errors.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { disputedType, manifestTypeOf } from '../image/manifest-type.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referenceText } from './distribution-manifests.ts';
import { nodeOf, unsupported, type ImageNode } from './image-node.ts';
import type { SourceReader } from './source.ts';

/** An image or index with all that it consists of. */
export type ImageTree = {
  readonly root: Manifest;
  /** Manifests below the root in the order in which they can be written: each level needs only those before it. */
  readonly levels: readonly (readonly Manifest[])[];
  /** Configs and layers of all platforms, each digest once. */
  readonly blobs: readonly Descriptor[];
  /** What it is where it is no image: the artifact types of its manifests, each once. */
  readonly artifactTypes: readonly string[];
  /** Layers that are fetched from their own addresses, since the source does not have them. */
  readonly foreign: readonly Descriptor[];
};

/** Deeper than any index in use; a guard against an index built to be followed for ever. */
const MAX_DEPTH = 16;

/** The repository that an image is read from. */
export type TreeSource = {
  /** Reads a manifest; undefined when the source does not have it. */
  read(digest: Digest): Promise<Manifest | undefined>;
  /** Whether the source has a layer that its manifest says is kept elsewhere. */
  has(blob: Descriptor): Promise<boolean>;
};

/** The parts of an image as one repository of a source has them. */
export function treeSource(
  source: Pick<SourceReader, 'manifest' | 'hasBlob'>,
  repository: RepositoryName,
  signal: AbortSignal,
): TreeSource {
  return {
    read: (digest) => source.manifest(repository, digest, signal),
    has: (blob) => source.hasBlob(repository, blob, signal),
  };
}

/** Follows an image or index down to its blobs. */
export async function readImageTree(top: Manifest, repository: RepositoryName, source: TreeSource): Promise<ImageTree> {
  const root = typed(top);
  const nodes = new Map<Digest, ImageNode>();
  let level: readonly Manifest[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw unsupported(repository, root, `nests indexes more than ${MAX_DEPTH} deep`);
    for (const manifest of level) nodes.set(manifest.descriptor.digest, nodeOf(manifest, repository));
    const named = eachOnce(level.flatMap((manifest) => nodes.get(manifest.descriptor.digest)?.children ?? []));
    const unread = named.filter(({ digest }) => !nodes.has(digest));
    level = await Promise.all(unread.map((child) => readChild(child, repository, root, source)));
  }
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

/** What copying all of it takes. */
export function bytesOf({ root, levels, blobs }: Pick<ImageTree, 'root' | 'levels' | 'blobs'>): number {
  const descriptors = [root, ...levels.flat()].map(({ descriptor }) => descriptor).concat(blobs);
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

function eachOnce(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((one) => [one.digest, one])).values()];
}

/** Everything but the root, by its height above the images: a manifest may be named on several levels at once. */
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
  if (manifest !== undefined) return typed(manifest, child.mediaType);
  throw new PromotionError(
    'NOT_FOUND',
    `the index ${referenceText(repository, root.descriptor.digest)} names ${child.digest}, which the source does not have`,
    {
      side: 'source',
      hint: 'push the index with all its platforms to staging again',
    },
  );
}

/** The manifest with the type that it states, that its parent tells or that its shape shows, whatever it was served as. */
function typed(manifest: Manifest, told?: string): Manifest {
  const { descriptor, bytes } = manifest;
  const mediaType = manifestTypeOf(bytes, told, descriptor.mediaType);
  const disputed = disputedType(bytes, told);
  if (mediaType === descriptor.mediaType && disputed === undefined) return manifest;
  const isDisputed = disputed !== undefined && { servedAs: disputed };
  return { ...manifest, descriptor: { ...descriptor, mediaType }, ...isDisputed };
}
