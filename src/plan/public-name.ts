import { coversRegistry, type Pattern } from '../image/pattern.ts';
import type { RepositoryName } from '../image/reference.ts';

/** Where people pull what lies at the places that match, and the names that this place had before. */
export type PublicName = {
  readonly match: Pattern;
  readonly name: string;
  readonly formerNames?: readonly string[];
};

/** Upstream's own place and the name that serves it. */
const UPSTREAM_PLACE = 'k8s-artifacts-prod/images';
const UPSTREAM_NAME = 'registry.k8s.io';

/**
 * The name under which people pull from a repository: of the first rule that matches it or a beginning of it (whole
 * components, the shortest), with the rest kept; else upstream's own; else the repository itself.
 */
export function publicNameOf(repository: RepositoryName, rules: readonly PublicName[] = []): RepositoryName {
  for (const { match, name } of rules) {
    const start = beginnings(repository).find((beginning) => coversRegistry(match, beginning));
    if (start !== undefined) return `${name}${repository.slice(start.length)}`;
  }
  const place = repository.indexOf(UPSTREAM_PLACE);
  return place < 0 ? repository : `${UPSTREAM_NAME}${repository.slice(place + UPSTREAM_PLACE.length)}`;
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
      const start = beginnings(place).find((beginning) => coversRegistry(match, beginning));
      return start === undefined ? [] : [name, ...formerNames].map((one) => `${one}${place.slice(start.length)}`);
    }),
  );
  return [...new Set(names)].filter((name) => name !== reference);
}

/** `a/b/c` begins with `a`, with `a/b` and with itself. */
function beginnings(repository: RepositoryName): readonly string[] {
  const ends = [...repository.matchAll(/\//g)].map(({ index }) => index);
  return [...ends, repository.length].map((end) => repository.slice(0, end));
}
