import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryOf } from './primary.ts';
import { restBehind } from './public-name.ts';

/** How what is attached to images at some places reaches clients: by copies on each mirror, or by a router. */
export type AttachmentRule = {
  readonly match: Pattern;
  /** Only where a router sends requests for attachments to the primary. */
  readonly route?: {
    /** The name by which the router is reached; replaces what matched. */
    readonly through: string;
    /** The mirrors that get copies nevertheless, to take the primary's place. */
    readonly standby: readonly Pattern[];
  };
};

/** How clients reach what is attached to the images of a repository by a router. */
export type Route = {
  /** The repository as clients name it. */
  readonly through: RepositoryName;
  /** Whether it gets copies nevertheless. */
  readonly isStandby: boolean;
};

/** Returns the route of the first rule that matches the repository or a beginning of it; undefined where attachments are replicated. */
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

/** Returns true if a mirror has copies of what is attached on the primary: unless it is routed and not a standby. */
export function hasCopies(mirror: RepositoryName, rules?: readonly AttachmentRule[]): boolean {
  return routeOf(mirror, rules)?.isStandby ?? true;
}

/** Returns the first standby of rules in use that is none of these destinations: it is misspelt, or the mirror is gone. */
export function strayStandby(
  destinations: readonly string[],
  rules: readonly AttachmentRule[] = [],
): { readonly standby: Pattern; readonly match: Pattern } | undefined {
  return rules
    .filter(({ match }) => destinations.some((name) => restBehind(match, name) !== undefined))
    .flatMap(({ match, route }) => (route?.standby ?? []).map((standby) => ({ standby, match })))
    .find(({ standby }) => !destinations.some((name) => coversRegistry(standby, name)));
}

/** Returns the primary repositories that a router asks for what is attached: theirs, or that of one of their mirrors. */
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
