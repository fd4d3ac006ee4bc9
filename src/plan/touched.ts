import { joinRepository } from '../image/reference.ts';
import type { ImageChange } from '../manifest/diff/tree-diff.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';

/** Returns the images that changes touch, with all their tags, and only the mirrors with a change. */
export function touchedBy(sets: readonly ImageSet[], changes: readonly ImageChange[]): ImageSet[] {
  const touched = new Map<string, Map<string, Set<string>>>();
  for (const { source, digest, name, destinations } of changes) {
    const digests = touched.get(source) ?? new Map<string, Set<string>>();
    const repositories = digests.get(digest) ?? new Set();
    for (const registry of destinations) repositories.add(joinRepository(registry, name));
    touched.set(source, digests.set(digest, repositories));
  }
  return sets.flatMap((set) => {
    const digests = touched.get(set.source);
    if (digests === undefined) return [];
    // images with the same mirrors stay one set
    const parts = new Map<string, { readonly destinations: readonly string[]; readonly images: WantedImage[] }>();
    for (const image of set.images) {
      const repositories = digests.get(image.digest);
      if (repositories === undefined) continue;
      const destinations = set.destinations.filter((registry) => repositories.has(joinRepository(registry, set.name)));
      if (destinations.length === 0) continue;
      const key = destinations.join(' ');
      const part = parts.get(key) ?? { destinations, images: [] };
      part.images.push(image);
      parts.set(key, part);
    }
    return [...parts.values()].map((part) => ({ ...set, ...part }));
  });
}

/** The same images with all of their mirrors: which of them is the primary depends on all, and each must follow it. */
export function onAllMirrors(touched: readonly ImageSet[], all: readonly ImageSet[]): ImageSet[] {
  const images = new Set(touched.flatMap((set) => set.images));
  return all.flatMap((set) => {
    const found = set.images.filter((image) => images.has(image));
    return found.length === 0 ? [] : [{ ...set, images: found }];
  });
}
