import type { RepositoryName } from '../../image/reference.ts';

/** The state of a mirror repository when it was last read completely. */
export type InventoryEntry = {
  /** Unix milliseconds before the reading began. */
  readonly at: number;
  /** A digest over everything that the listing showed; undefined if this program wrote to the repository later. */
  readonly listed: string | undefined;
  /** The digest of the wanted set that it held completely; undefined if it lacked something. */
  readonly satisfied: string | undefined;
};

/** The last known state of mirror repositories. */
export type InventoryEntries = ReadonlyMap<RepositoryName, InventoryEntry>;
