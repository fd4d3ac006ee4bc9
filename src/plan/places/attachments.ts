import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryOf } from './primary.ts';
import { restBehind } from './public-name.ts';

/** How clients get the attachments of images: from copies on each mirror, or through a router. */
export type AttachmentRule = {
  readonly match: Pattern;
  /** Present if a router sends requests for attachments to the primary. */
  readonly route?: {
    /** The host name of the router; replaces the matched part. */
    readonly through: string;
    /** Mirrors that get copies nevertheless, so that they can replace the primary. */
    readonly standby: readonly Pattern[];
  };
};

/** How clients reach the attachments of a repository through a router. */
type Route = {
  /** The repository as clients name it. */
  readonly through: RepositoryName;
  /** Whether it gets copies nevertheless. */
  readonly isStandby: boolean;
};

/**
 * Returns the route of the first rule that matches the repository or a parent path of it. Returns undefined if
 * attachments are copied.
 */
export function routeOf(repository: RepositoryName, rules: readonly AttachmentRule[] = []): Route | undefined {
  for (const { match, route } of rules) {
    const rest = restBehind(match, repository);
    if (rest === undefined) continue;
    if (route === undefined) return undefined;
    const isStandby = route.standby.some((standby) => restBehind(standby, repository) !== undefined);
    return { through: `${route.through}${rest}`, isStandby };
  }
  return undefined;
}

/** Returns true if a mirror gets copies of attachments: if it is not routed, or is a standby. */
export function hasCopies(mirror: RepositoryName, rules?: readonly AttachmentRule[]): boolean {
  return routeOf(mirror, rules)?.isStandby ?? true;
}

/**
 * Returns the first standby of an applied rule that is not one of these destinations: it is misspelt, or the mirror was
 * removed.
 */
export function strayStandby(
  destinations: readonly string[],
  rules: readonly AttachmentRule[] = [],
): { readonly standby: Pattern; readonly match: Pattern } | undefined {
  return rules
    .filter(({ match }) => destinations.some((name) => restBehind(match, name) !== undefined))
    .flatMap(({ match, route }) => (route?.standby ?? []).map((standby) => ({ standby, match })))
    .find(({ standby }) => !destinations.some((name) => coversRegistry(standby, name)));
}

/** Returns the primary repositories that a router uses for attachments: directly, or for one of their mirrors. */
export function routedPrimaries(
  sets: readonly ImageSet[],
  chosen: Pattern | undefined,
  rules: readonly AttachmentRule[] = [],
): ReadonlySet<RepositoryName> {
  const routed = new Set<RepositoryName>();
  for (const { destinations, name } of rules.length === 0 ? [] : sets) {
    const primary = primaryOf(destinations, chosen);
    const isRouted = destinations.some((registry) => routeOf(joinRepository(registry, name), rules) !== undefined);
    if (primary !== undefined && isRouted) routed.add(joinRepository(primary, name));
  }
  return routed;
}
