import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import type { RepositoryName } from '../../image/reference.ts';

/** Where people pull what lies at the places that match, and the names that this place had before. */
export type PublicName = {
  readonly match: Pattern;
  readonly name: string;
  readonly formerNames?: readonly string[];
};

/** Upstream's own place and the name that serves it. */
export const UPSTREAM_PLACE = 'k8s-artifacts-prod/images';
export const UPSTREAM_NAME = 'registry.k8s.io';

/**
 * The name under which people pull from a repository: of the first rule that matches it or a beginning of it (whole
 * components, the shortest), with the rest kept; else upstream's own; else the repository itself.
 */
export function publicNameOf(repository: RepositoryName, rules?: readonly PublicName[]): RepositoryName {
  const served = servedBy(repository, rules);
  return served === undefined ? repository : `${served.name}${served.rest}`;
}

/** The public name that serves a repository, and what follows the place that it serves; undefined if none does. */
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
 * The other names that signatures of what lies at these places may carry: each name, present or former, of every rule that
 * matches one of them. A name is listed, so whoever writes the configuration vouches for it.
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

/** What follows the shortest beginning of the repository (whole components) that the pattern covers; undefined if it covers none. */
export function restBehind(match: Pattern, repository: RepositoryName): string | undefined {
  const start = beginnings(repository).find((beginning) => coversRegistry(match, beginning));
  return start === undefined ? undefined : repository.slice(start.length);
}

/** `a/b/c` begins with `a`, with `a/b` and with itself. */
function beginnings(repository: RepositoryName): readonly string[] {
  const ends = [...repository.matchAll(/\//g)].map(({ index }) => index);
  return [...ends, repository.length].map((end) => repository.slice(0, end));
}
