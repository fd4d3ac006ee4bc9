import type { Digest } from '../image/digest.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';

/** A tag for which several digests in the same repositories compete. */
export type TagConflict = { readonly tag: string; readonly images: readonly WantedImage[] };

/** Creates a finder of the conflicting tags of sets that share a destination repository. Caches its results. */
export function conflictFinder(): (sets: readonly ImageSet[]) => ReadonlyMap<string, TagConflict> {
  // Twenty mirrors share the same sets, so the result is computed once.
  const answers = new WeakMap<
    ImageSet,
    { readonly sets: readonly ImageSet[]; readonly conflicts: ReadonlyMap<string, TagConflict> }[]
  >();
  return (sets) => {
    const first = sets[0];
    if (first === undefined) return new Map();
    const known = answers.get(first) ?? [];
    const same = known.find(
      (answer) => answer.sets.length === sets.length && answer.sets.every((set, index) => set === sets[index]),
    );
    if (same !== undefined) return same.conflicts;
    const conflicts = findConflicts(sets);
    answers.set(first, [...known, { sets, conflicts }]);
    return conflicts;
  };
}

function findConflicts(sets: readonly ImageSet[]): Map<string, TagConflict> {
  const wanted = new Map<string, WantedImage>();
  const conflicts = new Map<string, Map<Digest, WantedImage>>();
  for (const set of sets) {
    for (const image of set.images) {
      for (const tag of image.tags) {
        const other = wanted.get(tag);
        if (other === undefined) wanted.set(tag, image);
        else if (other.digest !== image.digest) {
          const images = conflicts.get(tag) ?? new Map([[other.digest, other]]);
          if (!images.has(image.digest)) images.set(image.digest, image);
          conflicts.set(tag, images);
        }
      }
    }
  }
  return new Map([...conflicts].map(([tag, images]) => [tag, { tag, images: [...images.values()] }]));
}
