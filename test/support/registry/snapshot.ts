import type { RegistryStore } from '../memory-registry/store.ts';

/** All that a registry holds, as plain data in a fixed order: equal snapshots are equal registries, byte for byte. */
export type Snapshot = Readonly<
  Record<
    string,
    {
      readonly tags: Readonly<Record<string, string>>;
      /** Each digest stands for its bytes, which were checked on arrival. */
      readonly manifests: Readonly<Record<string, string>>;
      readonly blobs: Readonly<Record<string, number>>;
    }
  >
>;

/** The snapshot of a store; unfinished uploads are no content. */
export function snapshotOf(store: RegistryStore): Snapshot {
  return Object.fromEntries(
    [...store.paths()].toSorted().map((path) => {
      const repository = store.repository(path);
      return [
        path,
        {
          tags: sorted(repository?.tags ?? [], (digest) => digest),
          manifests: sorted(repository?.manifests ?? [], ({ mediaType, size }) => `${mediaType} ${size}`),
          blobs: sorted(repository?.blobs ?? [], ({ size }) => size),
        },
      ];
    }),
  );
}

function sorted<T, R>(entries: Iterable<readonly [string, T]>, show: (value: T) => R): Record<string, R> {
  return Object.fromEntries(
    [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, show(value)] as const),
  );
}
