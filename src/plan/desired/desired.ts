import type { Digest } from '../../image/digest.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { Position } from '../../errors.ts';
import type { RegistryEntry } from '../../manifest/manifest.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';

/** One digest of one source repository with its tags; the unit of all work. */
export type WantedImage = {
  readonly name: string;
  readonly source: RepositoryName;
  readonly digest: Digest;
  /** Sorted and unique; empty means that only the digest is needed. */
  readonly tags: readonly string[];
  /** The first position of the digest, for messages. */
  readonly at: Position;
  /** The position of each of `tags`, in their order: `tagAt` reads it. Data, since a closure for each image takes 200 bytes. */
  readonly tagPositions: readonly Position[];
  /** The policies of all manifests that apply; absent if the image comes from no manifest. */
  readonly policies?: ProjectPolicies;
};

/** All digests of one image of one project, and the mirrors that must have all of them. */
export type ImageSet = {
  readonly project: string;
  readonly source: RepositoryName;
  /** All sets of a project share this list, to save memory. */
  readonly destinations: readonly string[];
  /** The entry of each mirror in the manifest; absent if the set comes from no manifest. */
  readonly listed?: readonly Pick<RegistryEntry, 'name' | 'position'>[];
  readonly name: string;
  readonly images: readonly WantedImage[];
};

/** Returns the position of a tag of an image; that of its digest if it is not a tag of it. */
export function tagAt({ tags, tagPositions, at }: WantedImage, tag: string): Position {
  return tagPositions[tags.indexOf(tag)] ?? at;
}

/** Counts the images of these sets. */
export function countImages(sets: readonly ImageSet[]): number {
  return sets.reduce((sum, { images }) => sum + images.length, 0);
}

/** Groups sets by destination repository, in the order of the manifests. */
export function byDestination(sets: readonly ImageSet[]): Map<RepositoryName, ImageSet[]> {
  const repositories = new Map<RepositoryName, ImageSet[]>();
  for (const set of sets) {
    for (const registry of set.destinations) {
      const name = joinRepository(registry, set.name);
      const there = repositories.get(name);
      if (there === undefined) repositories.set(name, [set]);
      else there.push(set);
    }
  }
  return repositories;
}
