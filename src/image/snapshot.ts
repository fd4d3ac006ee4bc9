import type { Digest } from './digest.ts';

/** One digest of an image with its tags, sorted; may have none. */
export type SnapshotDigest = { readonly digest: Digest; readonly tags: readonly string[] };

/** One image; its name is relative to the registry of the snapshot, and empty if that is a repository itself. */
type SnapshotImage = { readonly name: string; readonly digests: readonly SnapshotDigest[] };

/** The images of a registry with their digests, all in byte order; every image has a digest. */
export type Snapshot = readonly SnapshotImage[];

/** One digest of one image; entries for the same digest add up. */
export type SnapshotEntry = { readonly name: string; readonly digest: Digest; readonly tags: readonly string[] };

/** Builds a snapshot from these entries, in any order. */
export function snapshotOf(entries: Iterable<SnapshotEntry>): Snapshot {
  const images = new Map<string, Map<Digest, readonly string[]>>();
  for (const { name, digest, tags } of entries) {
    const image = images.get(name) ?? new Map<Digest, readonly string[]>();
    images.set(name, image);
    const known = image.get(digest);
    image.set(digest, known === undefined ? tags : [...known, ...tags]);
  }
  return inOrder(images).map(([name, digests]) => ({
    name,
    digests: inOrder(digests).map(([digest, tags]) => ({ digest, tags: [...new Set(tags)].toSorted() })),
  }));
}

/** Returns the digests that `keeps` accepts; an image without any is dropped. */
export function filterSnapshot(snapshot: Snapshot, keeps: (digest: SnapshotDigest) => boolean): Snapshot {
  return snapshot
    .map(({ name, digests }) => ({ name, digests: digests.filter(keeps) }))
    .filter(({ digests }) => digests.length > 0);
}

// Names, tags and digests are ASCII: code units are bytes.
function inOrder<K extends string, V>(map: ReadonlyMap<K, V>): (readonly [K, V])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
