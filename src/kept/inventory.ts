import { isPromotionError } from '../errors.ts';
import { MAX_AGE } from '../plan/believed/choose.ts';
import type { InventoryEntries } from '../plan/believed/entry.ts';
import { inventoryFile, readInventoryFile } from '../plan/believed/file.ts';
import { mergeEntries } from '../plan/believed/renew.ts';
import type { KeptFiles } from './kept-files.ts';

type InventoryOptions = {
  readonly files: KeptFiles;
  /** The name of the file. */
  readonly name: string;
  /** Names the settings with which repositories are reached; a file of others is not used. */
  readonly scope: string;
  readonly now: () => number;
  readonly isClockWrong: () => boolean;
  /** Logs why the file is not used or not written. */
  readonly warn: (message: string) => void;
};

/** The inventory of earlier runs in a file. */
type KeptInventory = {
  readonly entries: InventoryEntries;
  /** Stores that nothing is known. Never throws. */
  readonly forget: () => Promise<void>;
  /** Adds entries to those that other runs stored meanwhile. Never throws. */
  readonly keep: (entries: InventoryEntries) => Promise<void>;
};

/** Reads the inventory. A file that cannot be used counts as empty, and is replaced at the end of the run. */
export async function openInventory(options: InventoryOptions): Promise<KeptInventory> {
  const { files, name, scope, now, isClockWrong, warn } = options;
  const place = `the inventory cache ${files.placeOf(name)}`;
  const write = async (entries: InventoryEntries): Promise<void> => {
    try {
      await files.write(name, inventoryFile(entries, scope));
    } catch (error) {
      warn(`${place} is not written: ${reasonOf(error)}`);
    }
  };
  return {
    entries: await load(options, (reason) => warn(`${place} ${reason}; every repository is read`)),
    forget: () => write(new Map()),
    keep: async (entries) => {
      if (isClockWrong()) return;
      const others = await load(options, () => undefined);
      const current = [...mergeEntries(others, entries)].filter(([, { at }]) => at <= now() && now() - at < MAX_AGE);
      await write(new Map(current));
    },
  };
}

async function load(
  { files, name, scope, now }: InventoryOptions,
  refuse: (reason: string) => void,
): Promise<InventoryEntries> {
  try {
    const bytes = await files.read(name);
    if (bytes === undefined) return new Map();
    const entries = readInventoryFile(bytes, scope);
    if (typeof entries === 'string') {
      refuse(entries);
      return new Map();
    }
    // Entries of the future would replace those of this run.
    return new Map([...entries].filter(([, { at }]) => at <= now()));
  } catch (error) {
    refuse(`is not used: ${reasonOf(error)}`);
    return new Map();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return isPromotionError(error) && error.hint !== undefined ? `${error.message} (${error.hint})` : error.message;
}
