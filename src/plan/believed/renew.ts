import type { RepositoryName } from '../../image/reference.ts';
import type { InventoryEntries, InventoryEntry } from './entry.ts';

/** A mirror repository that a run read, or failed to read. */
export type Reading = {
  /** Unix milliseconds before the reading began. */
  readonly at: number;
  /** The digest of its listing; undefined if it could not be read. */
  readonly listed: string | undefined;
  /** The digest of its wanted set. */
  readonly wanted: string;
  /** The elements of the wanted set that it lacked; undefined if it could not be read. */
  readonly lacking: readonly string[] | undefined;
};

/** Merges entries: the newest of each repository wins. */
export function mergeEntries(...all: readonly InventoryEntries[]): InventoryEntries {
  const merged = new Map<RepositoryName, InventoryEntry>();
  for (const entries of all)
    for (const [repository, entry] of entries) {
      const known = merged.get(repository);
      if (known === undefined || known.at <= entry.at) merged.set(repository, entry);
    }
  return merged;
}

/**
 * Returns the entries of the repositories that a run read. A repository is complete if it lacked nothing, or if
 * everything that it lacked was written and read back; `written` returns those elements of its wanted set.
 */
export function renewedEntries(
  readings: ReadonlyMap<RepositoryName, Reading>,
  written: (repository: RepositoryName) => ReadonlySet<string>,
): InventoryEntries {
  return new Map(
    [...readings].map(([repository, { at, listed, wanted, lacking }]): [RepositoryName, InventoryEntry] => {
      const done = written(repository);
      const isComplete = lacking?.every((line) => done.has(line)) === true;
      return [
        repository,
        { at, listed: lacking?.length === 0 ? listed : undefined, satisfied: isComplete ? wanted : undefined },
      ];
    }),
  );
}
