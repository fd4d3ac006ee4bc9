import { createHash } from 'node:crypto';
import { buildImage, type ImageSpec } from '../test/support/registry/images.ts';

/** How large a generated tree is: every project has the same number of images, every image of versions. */
export type TreeSize = {
  readonly projects: number;
  readonly images: number;
  readonly versions: number;
  readonly mirrors: number;
  /** Digests, spread over the whole tree, that every mirror lacks. */
  readonly pending: number;
  /** As in production: one project's destination is the root of all the others. */
  readonly nested?: boolean;
};

// The three trees that the baselines were measured on.
export const SIZES = {
  s: { projects: 10, images: 3, versions: 6, mirrors: 3, pending: 15 },
  m: { projects: 30, images: 4, versions: 10, mirrors: 21, pending: 11 },
  full: { projects: 61, images: 22, versions: 34, mirrors: 22, pending: 230 },
} as const satisfies Record<string, TreeSize>;

/** One version of one image; only a pending one has bytes behind its digest. */
export type TreeVersion = { readonly digest: string; readonly tags: readonly string[]; readonly pending?: ImageSpec };

export type TreeImage = { readonly name: string; readonly versions: readonly TreeVersion[] };

/** `source` and `destination` are paths without a host, the same on every mirror. */
export type TreeProject = {
  readonly name: string;
  readonly source: string;
  readonly destination: string;
  readonly images: readonly TreeImage[];
};

/** A manifest tree and all that its registries hold; the same size is the same tree on every machine. */
export type Tree = { readonly size: TreeSize; readonly projects: readonly TreeProject[] };

// The proportions and layer sizes of the trees that the baselines were measured on.
const TAGLESS_EVERY = 20;
const TWO_TAGS_EVERY = 10;
const LAYER_BYTES = 64;

/** The seed of the layer that all images share; the others count up from here. */
const SHARED_LAYER = 1;

/** Makes a tree of this size. */
export function generateTree(size: TreeSize): Tree {
  const { projects, images, versions, pending } = size;
  const total = projects * images * versions;
  const isPending = (index: number): boolean =>
    Math.floor(((index + 1) * pending) / total) > Math.floor((index * pending) / total);
  const version = (imageIndex: number, number: number): TreeVersion => {
    const index = imageIndex * versions + number;
    const tags = tagsOf(index, number);
    if (!isPending(index))
      return { digest: `sha256:${createHash('sha256').update(`version ${index}`).digest('hex')}`, tags };
    const image = imageSpec(imageIndex, index, projects * images);
    return { digest: buildImage(image).manifest.descriptor.digest, tags, pending: image };
  };
  return {
    size,
    projects: Array.from({ length: projects }, (_, project) => ({
      name: `project-${project}`,
      source: `staging/project-${project}`,
      destination: size.nested === true && project === 0 ? 'prod' : `prod/project-${project}`,
      images: Array.from({ length: images }, (__, image) => ({
        name: `image-${image}`,
        versions: Array.from({ length: versions }, (___, number) => version(project * images + image, number)),
      })),
    })),
  };
}

/** What the tree counts, as the baselines name it. */
export function countTree({ size, projects }: Tree): {
  readonly digests: number;
  readonly edges: number;
  readonly repositories: number;
} {
  const versions = projects.flatMap(({ images }) => images.flatMap((image) => image.versions));
  const references = versions.reduce((sum, { tags }) => sum + Math.max(1, tags.length), 0);
  return {
    digests: versions.length,
    edges: references * size.mirrors,
    repositories: size.projects * size.images * (size.mirrors + 1),
  };
}

function tagsOf(index: number, number: number): readonly string[] {
  const version = `v1.${number}.0`;
  if (index % TAGLESS_EVERY === TAGLESS_EVERY - 1) return [];
  return index % TWO_TAGS_EVERY === 3 ? [version, `${version}-${index}`] : [version];
}

/** A config and three layers: one that all share, one of the image's name, one of its own. */
function imageSpec(imageIndex: number, index: number, imageCount: number): ImageSpec {
  const ofName = SHARED_LAYER + 1 + imageIndex;
  const own = SHARED_LAYER + 1 + imageCount + index;
  return { seed: own, layers: [LAYER_BYTES, LAYER_BYTES, LAYER_BYTES], layerSeeds: [SHARED_LAYER, ofName, own] };
}

/** Blobs of an image that the mirrors hold already, since an earlier version brought them. */
export function blobsAlreadyThere({
  layers = [],
  layerSeeds = [],
}: ImageSpec): { readonly size: number; readonly seed: number }[] {
  return layers.slice(0, 2).map((size, index) => ({ size, seed: layerSeeds[index] ?? 0 }));
}
