import { joinRepository, pathBelow } from '../../image/reference.ts';
import { snapshotOf, type Snapshot, type SnapshotEntry } from '../../image/snapshot.ts';
import type { ImageSet } from './desired.ts';

/** Returns the images that these sets want at and below a registry, with names relative to it. */
export function wantedSnapshot(sets: readonly ImageSet[], registry: string): Snapshot {
  return snapshotOf(entriesOf(sets, registry));
}

function* entriesOf(sets: readonly ImageSet[], registry: string): Generator<SnapshotEntry> {
  for (const { destinations, name: image, images } of sets) {
    for (const destination of destinations) {
      const path = pathBelow(registry, destination);
      if (path === undefined) continue;
      const name = path === '' ? image : joinRepository(path, image);
      for (const { digest, tags } of images) yield { name, digest, tags };
    }
  }
}
