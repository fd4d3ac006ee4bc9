import type { Position } from '../../errors.ts';
import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryOf } from './primary.ts';

/** A change of the primary registry of images of one project. */
export type PrimaryChange = {
  readonly project: string;
  readonly before: string;
  readonly after: string;
  /** The position of the new primary in the manifest. */
  readonly at: Position | undefined;
  readonly sets: readonly ImageSet[];
};

/**
 * Finds images that stay on a mirror and get another primary. Reasons can be reordered, removed or inserted mirrors, or
 * a move to another project. Their signatures then have a name that clients no longer use. A primary that `chosen`
 * covers is intended, so it is not reported.
 */
export function primaryChanges(
  base: readonly ImageSet[],
  head: readonly ImageSet[],
  chosen?: Pattern,
): readonly PrimaryChange[] {
  const before = primariesByMirror(base, chosen);
  const changes = new Map<string, PrimaryChange & { readonly sets: ImageSet[] }>();
  for (const set of head) {
    const { project, destinations, listed = [] } = set;
    const after = primaryOf(destinations, chosen);
    if (after === undefined || (chosen !== undefined && coversRegistry(chosen, after))) continue;
    const old = formerPrimary(before, set, after);
    if (old === undefined) continue;
    const at = listed.find((entry) => entry.name === after)?.position;
    const key = JSON.stringify([project, at?.file, old, after]);
    const known = changes.get(key) ?? { project, before: old, after, at, sets: [] };
    changes.set(key, known);
    known.sets.push(set);
  }
  return [...changes.values()];
}

/** Returns, for each repository of an image, the primary registries of that image; projects may disagree. */
function primariesByMirror(
  sets: readonly ImageSet[],
  chosen?: Pattern,
): Map<RepositoryName, Map<RepositoryName, string>> {
  const all = new Map<RepositoryName, Map<RepositoryName, string>>();
  for (const { name, destinations } of sets) {
    const primary = primaryOf(destinations, chosen);
    if (primary === undefined) continue;
    for (const destination of destinations) {
      const mirror = joinRepository(destination, name);
      const known = all.get(mirror) ?? new Map<RepositoryName, string>();
      all.set(mirror, known.set(joinRepository(primary, name), primary));
    }
  }
  return all;
}

/** Returns the former primary registry of an image that stays on a mirror; undefined if it has not changed. */
function formerPrimary(
  before: ReadonlyMap<RepositoryName, ReadonlyMap<RepositoryName, string>>,
  { name, destinations }: ImageSet,
  after: string,
): string | undefined {
  const primary = joinRepository(after, name);
  for (const destination of destinations) {
    const known = before.get(joinRepository(destination, name));
    if (known !== undefined && !known.has(primary)) return [...known.values()][0];
  }
  return undefined;
}
