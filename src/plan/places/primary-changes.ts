import type { Position } from '../../errors.ts';
import { coversRegistry, type Pattern } from '../../image/pattern.ts';
import { joinRepository, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../desired/desired.ts';
import { primaryOf } from './primary.ts';

/** The primary registry of some images of one project, where another one was before. */
export type PrimaryChange = {
  readonly project: string;
  readonly before: string;
  readonly after: string;
  /** Where the new one is listed. */
  readonly at?: Position;
  readonly sets: readonly ImageSet[];
};

/**
 * Finds the images that stay on some mirror and get another primary, however that comes about: mirrors in another order,
 * one removed or inserted, an image in another project. Their signatures are for a name that nothing follows any longer.
 * A primary that `chosen` covers is named by the user, and so no change.
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
    const known = changes.get(key) ?? { project, before: old, after, ...(at !== undefined && { at }), sets: [] };
    changes.set(key, known);
    known.sets.push(set);
  }
  return [...changes.values()];
}

/** Of each repository that gets an image, the registries that are the primary of it: projects may disagree. */
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

/** The registry that was the primary of an image on a mirror that it stays on; undefined if it is so still. */
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
