import type { Descriptor } from '../../../src/image/descriptor.ts';
import { buildImage, buildIndex, storeImage, type BuiltImage } from './images.ts';
import type { RegistryStore } from '../memory-registry/store.ts';

/** An index that leads to one image in more ways than anybody can follow, and the number of manifests that it consists of. */
type Ladder = { readonly root: Descriptor; readonly manifests: number };

/** Stores an index over so many levels, each of `links` indexes which all name all those of the next level; the last name one image. */
export function storeLadder(store: RegistryStore, path: string, levels: number, links: number): Ladder {
  const image = buildImage({ seed: 7000 });
  storeImage(store, path, image);
  let below: readonly BuiltImage[] = [image];
  for (let level = 1; level <= levels; level += 1) {
    const named = below;
    const count = level === levels ? 1 : links;
    below = Array.from({ length: count }, (_, index) => buildIndex(named, 'oci', { place: `${level} ${index}` }));
    // Without its children, which are there: through all ways they would never be stored.
    for (const index of below) storeImage(store, path, { ...index, children: [] });
  }
  const [root] = below;
  if (root === undefined) throw new Error('a ladder has a level');
  return { root: root.manifest.descriptor, manifests: 2 + (levels - 1) * links };
}
