import type { Digest } from './digest.ts';

/** One digest of an image with its tags, sorted; it may have none. */
export type SnapshotDigest = { readonly digest: Digest; readonly tags: readonly string[] };

/** One image, named as below the registry that the snapshot is of; empty where that is a repository itself. */
export type SnapshotImage = { readonly name: string; readonly digests: readonly SnapshotDigest[] };

/** What a registry holds, or shall hold: images with their digests, all sorted by their bytes; no image is without digests. */
export type Snapshot = readonly SnapshotImage[];

/** What is known of one digest of one image; what is told of the same one twice adds up. */
export type SnapshotEntry = { readonly name: string; readonly digest: Digest; readonly tags: readonly string[] };

/** The snapshot that these entries make, in whatever order they come. */
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

/** What of each image `keeps` says; an image that loses all its digests is gone. */
export function filterSnapshot(snapshot: Snapshot, keeps: (digest: SnapshotDigest) => boolean): Snapshot {
  return snapshot
    .map(({ name, digests }) => ({ name, digests: digests.filter(keeps) }))
    .filter(({ digests }) => digests.length > 0);
}

// Names, tags and digests are ASCII: code units are bytes.
function inOrder<K extends string, V>(map: ReadonlyMap<K, V>): (readonly [K, V])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
