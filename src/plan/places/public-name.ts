import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** The name under which people pull from the matching repositories, and its former names. */
export type PublicName = {
  readonly match: Pattern;
  readonly name: string;
  readonly formerNames?: readonly string[];
};

/** Upstream's repository path, and the name that serves it. */
export const UPSTREAM_PLACE = 'k8s-artifacts-prod/images';
export const UPSTREAM_NAME = 'registry.k8s.io';

/**
 * Returns the name under which people pull from a repository. The first rule that matches the repository or a parent
 * path (the shortest) replaces that part. Without a rule, upstream's own applies, else the name is the repository.
 */
export function publicNameOf(repository: RepositoryName, rules?: readonly PublicName[]): RepositoryName {
  const served = servedBy(repository, rules);
  return served === undefined ? repository : `${served.name}${served.rest}`;
}

/** Returns the public name that serves a repository, and the rest of the path; undefined if none does. */
export function servedBy(
  repository: RepositoryName,
  rules: readonly PublicName[] = [],
): { readonly name: string; readonly rest: string } | undefined {
  for (const { match, name } of rules) {
    const rest = restBehind(match, repository);
    if (rest !== undefined) return { name, rest };
  }
  const place = repository.indexOf(UPSTREAM_PLACE);
  return place < 0 ? undefined : { name: UPSTREAM_NAME, rest: repository.slice(place + UPSTREAM_PLACE.length) };
}

/**
 * Returns the other names that signatures in these repositories may contain: all names, current and former, of every
 * matching rule. The author of the configuration vouches for them.
 */
export function formerNamesOf(
  places: readonly RepositoryName[],
  reference: RepositoryName,
  rules: readonly PublicName[] = [],
): readonly RepositoryName[] {
  const names = places.flatMap((place) =>
    rules.flatMap(({ match, name, formerNames = [] }) => {
      const rest = restBehind(match, place);
      return rest === undefined ? [] : [name, ...formerNames].map((one) => `${one}${rest}`);
    }),
  );
  return [...new Set(names)].filter((name) => name !== reference);
}

/**
 * Returns the rest of the repository after the shortest parent path that the pattern covers; undefined if it covers
 * none.
 */
export function restBehind(match: Pattern, repository: RepositoryName): string | undefined {
  const start = beginnings(repository).find((beginning) => coversRegistry(match, beginning));
  return start === undefined ? undefined : repository.slice(start.length);
}

/** Returns the repository and its parent paths: `a`, `a/b`, `a/b/c`. */
function beginnings(repository: RepositoryName): readonly string[] {
  const ends = [...repository.matchAll(/\//g)].map(({ index }) => index);
  return [...ends, repository.length].map((end) => repository.slice(0, end));
}
