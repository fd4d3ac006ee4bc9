import { createHash } from 'node:crypto';
import type { Digest } from '../image/digest.ts';
import { joinRepository } from '../image/reference.ts';
import type { DigestEntry, ImageEntry, LoadedManifests, Project } from '../manifest/manifest.ts';
import type { ParseProject } from '../manifest/parse-once.ts';
import { parseThin } from '../manifest/parse.ts';
import { shareOf, type Share, type TreeSet } from './share.ts';
import type { Shard } from './shard.ts';

/** Manifests, of which one shard is to be processed. */
export type SharedManifests = LoadedManifests & {
  /** Undefined: all are to be processed. */
  readonly share?: Share | undefined;
};

/** How a tree is divided. */
type Dividing = {
  readonly shard: Shard;
  /** Further names that must be in one shard with a set. */
  readonly names?: ((set: TreeSet) => readonly string[]) | undefined;
};

/**
 * Loads a whole tree and keeps the digests of one shard. Of others it keeps the names, so that problems, policies and
 * registries are those of the whole tree. Calls `digest` with a digest of the content of the tree.
 */
export async function loadShare(
  load: (parse: ParseProject) => Promise<LoadedManifests>,
  dividing: Dividing,
  digest: (tree: string) => void,
): Promise<SharedManifests> {
  const packed = new Map<ImageEntry, Packed>();
  const loaded = await load(packing(packed));
  const packedOf = (image: ImageEntry): Packed => packed.get(image) ?? packedDigests(image);
  digest(digestOf(loaded, packedOf));
  const share = shareOf(
    dividing.shard,
    loaded.projects.flatMap((project) => setsOf(project, packedOf)),
    dividing.names,
  );
  const projects = loaded.projects.map((project) => ({
    ...project,
    images: project.images.map((image) => {
      if (!share.isMine(joinRepository(project.source, image.name))) return { ...image, digests: [] };
      const own = packed.get(image);
      return own === undefined ? image : { ...image, digests: unpacked(own, image.position.file) };
    }),
  }));
  return { ...loaded, projects, share };
}

/** Divides a loaded tree, and keeps all of it: a comparison with another tree needs both. */
export function withShare(
  loaded: LoadedManifests,
  { shard, names }: Dividing,
  digest: (tree: string) => void,
): SharedManifests {
  digest(digestOf(loaded, packedDigests));
  const sets = loaded.projects.flatMap((project) => setsOf(project, packedDigests));
  return { ...loaded, share: shareOf(shard, sets, names) };
}

/** The digests of an image as text: an eighth of the memory of the objects. */
type Packed = {
  /** 32 bytes for each digest, as characters. */
  readonly digests: string;
  /** JSON of the tags and positions of each. */
  readonly tags: string;
  readonly count: number;
};

/** Returns a parser that replaces each image by one without digests, and adds these to `packed`. */
function packing(packed: Map<ImageEntry, Packed>): ParseProject {
  return (...given) => {
    const parsed = parseThin(...given);
    if (parsed.project === undefined) return parsed;
    const images = parsed.project.images.map((image) => {
      const bare = { ...image, digests: [] };
      packed.set(bare, packedDigests(image));
      return bare;
    });
    return { ...parsed, project: { ...parsed.project, images } };
  };
}

/** Line and column of a digest, and of each of its tags. */
type PackedTags = readonly [line: number, column: number, tags: readonly (readonly [string, number, number])[]];

/** Manifests name sha256 digests only. */
const ALGORITHM = 'sha256:';
const DIGEST_BYTES = 32;

function packedDigests({ digests }: ImageEntry): Packed {
  const hex = digests.map(({ digest }) => digest.slice(ALGORITHM.length)).join('');
  const tags = digests.map(({ tags: names, position, tagPositions }): PackedTags => {
    const places = names.map((tag, index) => {
      const { line, column } = tagPositions[index] ?? position;
      return [tag, line, column] as const;
    });
    return [position.line, position.column, places];
  });
  return { digests: Buffer.from(hex, 'hex').toString('latin1'), tags: JSON.stringify(tags), count: digests.length };
}

function unpacked({ digests, tags }: Packed, file: string): readonly DigestEntry[] {
  const bytes = Buffer.from(digests, 'latin1');
  return (JSON.parse(tags) as readonly PackedTags[]).map(([line, column, names], index) => ({
    digest: digestAt(bytes, index),
    tags: names.map(([tag]) => tag),
    position: { file, line, column },
    tagPositions: names.map(([, tagLine, tagColumn]) => ({ file, line: tagLine, column: tagColumn })),
  }));
}

/** Returns a text of its own: a part of another text would keep all of it. */
function digestAt(bytes: Buffer, index: number): Digest {
  const hex = bytes.toString('hex', index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  return Buffer.from(`${ALGORITHM}${hex}`, 'latin1').toString('latin1') as Digest;
}

function setsOf(project: Project, packedOf: (image: ImageEntry) => Packed): readonly TreeSet[] {
  const destinations = project.destinations.map(({ name }) => name);
  const counts = new Map<string, number>();
  for (const image of project.images) counts.set(image.name, (counts.get(image.name) ?? 0) + packedOf(image).count);
  return [...counts].flatMap(([name, digests]) => {
    const source = joinRepository(project.source, name);
    return digests === 0 ? [] : [{ project: project.name, source, destinations, name, digests }];
  });
}

/** Returns equal digests for equal trees, wherever they are. */
function digestOf({ projects, problems }: LoadedManifests, packedOf: (image: ImageEntry) => Packed): string {
  const hash = createHash('sha256');
  const add = (...parts: readonly unknown[]): void => void hash.update(`${JSON.stringify(parts, withoutPlaces)}\n`);
  for (const { source, destinations, policy, images } of projects) {
    add(
      source,
      destinations.map(({ name }) => name),
      policy,
    );
    for (const image of images) {
      const { digests, tags } = packedOf(image);
      add(image.name, digests, tags);
    }
  }
  for (const { code, position } of problems) add(code, position.line);
  return `sha256:${hash.digest('hex')}`;
}

/** Leaves out where a policy is written, which is an absolute path on some machines. */
function withoutPlaces(key: string, value: unknown): unknown {
  return key === 'at' ? undefined : value;
}
