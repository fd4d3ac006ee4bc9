import type { Pattern } from '../../image/pattern.ts';
import { joinRepository, pathBelow, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryOf } from '../places/primary.ts';
import { rootOf, topmost } from './roots.ts';
import { publicNameOf, type PublicName } from '../places/public-name.ts';

/** The registries of production, and the names under which people pull from them. */
export type AuditPlaces = {
  /** The destination registries, without those below another one. */
  readonly roots: readonly string[];
  /** Returns true for a repository that images are promoted from, and that only lies below a destination. */
  isSource(repository: RepositoryName): boolean;
  /** Returns the name under which people pull the images of a repository. */
  referenceOf(repository: RepositoryName): RepositoryName;
};

export type NameRules = {
  readonly chosen?: Pattern | undefined;
  readonly publicNames?: readonly PublicName[] | undefined;
};

/** Finds the places of production in a tree, of which the run compares these sets. */
export function auditPlaces(
  sets: readonly ImageSet[],
  rules: NameRules,
  tree: readonly Pick<ImageSet, 'destinations' | 'source' | 'name'>[] = sets,
): AuditPlaces {
  const lists = [...new Set(tree.map(({ destinations }) => destinations))];
  const roots = topmost(new Set(lists.flat()));
  const sources = new Set(tree.map(({ source, name }) => source.slice(0, -name.length - 1)));
  const all = new Set(roots);
  let known: ReadonlyMap<RepositoryName, RepositoryName> | undefined;
  let primaryRoots: ReadonlyMap<string, string> | undefined;
  return {
    roots,
    isSource: (repository) =>
      [...sources].some(
        (source) =>
          pathBelow(source, repository) !== undefined && !roots.some((root) => pathBelow(source, root) !== undefined),
      ),
    // computed when a difference is found, since mostly there is none
    referenceOf: (repository) => {
      known ??= referencesIn(sets, rules);
      const reference = known.get(repository);
      if (reference !== undefined) return reference;
      primaryRoots ??= primaryRootsOf(lists, rules, all);
      const root = rootOf(repository, all) ?? '';
      const rest = pathBelow(root, repository);
      const primary = primaryRoots.get(root) ?? root;
      return publicNameOf(
        rest === undefined || rest === '' ? repository : joinRepository(primary, rest),
        rules.publicNames,
      );
    },
  };
}

function referencesIn(
  sets: readonly ImageSet[],
  { chosen, publicNames }: NameRules,
): ReadonlyMap<RepositoryName, RepositoryName> {
  const references = new Map<RepositoryName, RepositoryName>();
  for (const { destinations, name } of sets) {
    const primary = primaryOf(destinations, chosen);
    if (primary === undefined) continue;
    const reference = publicNameOf(joinRepository(primary, name), publicNames);
    for (const registry of destinations) references.set(joinRepository(registry, name), reference);
  }
  return references;
}

/** The root of the primary that the images below each root follow. */
function primaryRootsOf(
  lists: readonly (readonly string[])[],
  { chosen }: NameRules,
  roots: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const destinations of lists) {
    const primary = rootOf(primaryOf(destinations, chosen) ?? '', roots);
    for (const destination of destinations) {
      const root = rootOf(destination, roots);
      if (root !== undefined && primary !== undefined && !found.has(root)) found.set(root, primary);
    }
  }
  return found;
}
