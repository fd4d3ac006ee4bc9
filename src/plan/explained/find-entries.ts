import { joinRepository, hostOf, type RepositoryName } from '../../image/reference.ts';
import type { AskedRef } from '../../image/asked-ref.ts';
import type { ImageSet, WantedImage } from '../desired/desired.ts';
import { clientNameOf, type ClientNameRules } from '../places/client-name.ts';
import { primaryOf } from '../places/primary.ts';
import { publicNameOf } from '../places/public-name.ts';
import { nearestOf } from '../../text/nearest.ts';

/** One entry that a reference means. */
export type Named = { readonly set: ImageSet; readonly image: WantedImage };

/** The images of a tree by all of their names: production, mirrors, staging, public and clients' names. */
export type TreeNames = {
  /** Returns the images with this repository name. */
  at(repository: RepositoryName): readonly ImageSet[];
  /** Returns the name that a repository name is likely to be a slip of. */
  nearest(repository: RepositoryName): RepositoryName | undefined;
};

/** Indexes the names of a tree. */
export function treeNames(sets: readonly ImageSet[], rules: ClientNameRules): TreeNames {
  const byName = new Map<RepositoryName, ImageSet[]>();
  for (const set of sets)
    for (const name of namesOf(set, rules)) {
      const there = byName.get(name);
      if (there === undefined) byName.set(name, [set]);
      else there.push(set);
    }
  return {
    at: (repository) => byName.get(repository) ?? [],
    nearest: (repository) => {
      const names = [...byName.keys()];
      const near = names.filter((name) => hostOf(name) === hostOf(repository));
      return nearestOf(repository, near) ?? nearestOf(repository, names);
    },
  };
}

function namesOf({ source, destinations, name }: ImageSet, rules: ClientNameRules): ReadonlySet<RepositoryName> {
  const places = destinations.map((registry) => joinRepository(registry, name));
  const client = clientNameOf(places, rules);
  const primary = primaryOf(destinations, rules.primary);
  const first = primary === undefined ? [] : [joinRepository(primary, name)];
  return new Set([
    ...places,
    source,
    ...[...first, ...places].map((place) => publicNameOf(place, rules.publicNames)),
    ...(client === undefined ? [] : [client]),
  ]);
}

/** Returns the entries that a reference means among images with its name; all of them without tag and digest. */
export function entriesNamed(sets: readonly ImageSet[], { tag, digest }: Omit<AskedRef, 'repository'>): Named[] {
  return sets.flatMap((set) =>
    set.images.flatMap((image) => {
      const isDigest = digest === undefined || image.digest === digest;
      const isTag = digest !== undefined || tag === undefined || image.tags.includes(tag);
      return isDigest && isTag ? [{ set, image }] : [];
    }),
  );
}
