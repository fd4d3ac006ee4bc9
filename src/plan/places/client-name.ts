import type { Pattern } from '../../image/pattern.ts';
import { splitRepository, type RepositoryName } from '../../image/reference.ts';
import { routeOf, type AttachmentRule } from './attachments.ts';
import { restBehind, servedBy, UPSTREAM_NAME, UPSTREAM_PLACE, type PublicName } from './public-name.ts';
import { UPSTREAM_PRIMARY } from './primary.ts';

export type ClientNameRules = {
  /** Covers the primary registry, if one is configured. */
  readonly primary?: Pattern | undefined;
  readonly publicNames?: readonly PublicName[];
  readonly attachments?: readonly AttachmentRule[];
  /** The name through which clients are simulated, if given; else the attachment rules determine it. */
  readonly through?: string | undefined;
};

/**
 * Returns the name through which clients reach a repository: that of its first routed location. A given name replaces
 * the name of the router; without a route, it replaces the public name, else the host.
 */
export function clientNameOf(
  places: readonly RepositoryName[],
  { publicNames, attachments = [], through }: ClientNameRules,
): RepositoryName | undefined {
  const routed = places.flatMap((place) => routeOf(place, attachments)?.through ?? [])[0];
  const [first] = places;
  if (through === undefined || first === undefined) return routed;
  const rests = attachments.flatMap(({ match, route }) => {
    const rest = route === undefined ? undefined : restBehind(match, first);
    return rest === undefined ? [] : [rest];
  });
  const rest = rests[0] ?? servedBy(first, publicNames)?.rest ?? `/${splitRepository(first).path}`;
  return `${through}${rest}`;
}

/**
 * Returns the repository on the primary registry behind a client's name, without manifests: that of a rule whose pattern
 * has no wildcards, or of `primary`. Returns undefined if neither determines it.
 */
export function placeBehind(
  name: RepositoryName,
  { primary, publicNames = [], attachments = [] }: ClientNameRules,
): RepositoryName | undefined {
  const rules = [
    ...attachments.flatMap(({ match, route }) => (route === undefined ? [] : [{ match, name: route.through }])),
    ...publicNames,
  ];
  for (const rule of rules) {
    if (!name.startsWith(`${rule.name}/`)) continue;
    const place = [rule.match, primary].find((one) => one !== undefined && isPlace(one, rule.match));
    if (place !== undefined) return `${place.text}${name.slice(rule.name.length)}`;
  }
  if (!name.startsWith(`${UPSTREAM_NAME}/`)) return undefined;
  return `${UPSTREAM_PRIMARY}/${UPSTREAM_PLACE}${name.slice(UPSTREAM_NAME.length)}`;
}

/** Returns true for a pattern that has no wildcards or is the whole pattern of the rule. */
function isPlace({ text }: Pattern, match: Pattern): boolean {
  return !text.includes('*') && restBehind(match, text) === '';
}
