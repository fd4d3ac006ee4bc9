import type { Digest } from '../../image/digest.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { Position } from '../../errors.ts';
import type { RegistryEntry } from '../../manifest/manifest.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';

/** One digest of one source repository with the tags it must have; the unit of all work. */
export type WantedImage = {
  readonly name: string;
  readonly source: RepositoryName;
  readonly digest: Digest;
  /** Sorted, each once; empty means that the digest itself must be there. */
  readonly tags: readonly string[];
  /** Where the digest stands first, and where each tag stands, for messages. */
  readonly at: Position;
  readonly tagAt: (tag: string) => Position;
  /** What is asked of it, by all manifests that may ask; absent where it comes from no manifest. */
  readonly policies?: ProjectPolicies;
};

/** All digests of one image of one project, and the mirrors that must have every one of them. */
export type ImageSet = {
  readonly project: string;
  readonly source: RepositoryName;
  /** Shared by all sets of a project: mirrors are never multiplied by images in memory. */
  readonly destinations: readonly string[];
  /** Where each of them is listed; absent where they come from no manifest. */
  readonly listed?: readonly Pick<RegistryEntry, 'name' | 'position'>[];
  readonly name: string;
  readonly images: readonly WantedImage[];
};

/** How many images these sets want. */
export function countImages(sets: readonly ImageSet[]): number {
  return sets.reduce((sum, { images }) => sum + images.length, 0);
}

/** Every destination repository with the sets that want something of it, in the order of the manifests. */
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
