import { PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { memoryBudget, type MemoryBudget } from '../copying/memory-budget.ts';

/**
 * All that one list may take, in bytes: of 120,000 images with their digests and tags, or of 280,000 tags. ECR keeps at most
 * 100,000 images in a repository, and Artifact Registry lists at most 10,000.
 */
const MAX_LISTED = 64 * 1024 * 1024;

/** What an entry takes besides its text; in bytes. */
const ENTRY = 200;

/** Lists of up to two thousand images wait for nothing. A registry is asked for 20 at a time. */
const FREE = 1024 * 1024;

/** All larger lists that are being read: two, so that one slow registry does not hold up all others. */
const ALL_LISTED = 2 * MAX_LISTED;

/** What one list takes while it is read. */
export type ListingMemory = {
  /** Counts bytes, or an entry; throws REGISTRY_PROTOCOL if they are too many for one list. */
  add(bytes: number): void;
  addEntry(): void;
  /** Waits, if the list is large, until the others leave room for it. */
  room(): void | Promise<void>;
  /** The page has come whole; what is added from now on is of the next one. */
  keep(): void;
  /** The page is read anew. */
  restart(): void;
  /** Gives all back. */
  close(): void;
};

/** Shares memory among lists: of each registry one that is large, and few of all together. */
export function listingMemory(): { open(of: RepositoryName, signal: AbortSignal): ListingMemory } {
  const all = memoryBudget(ALL_LISTED);
  const hosts = new Map<string, MemoryBudget>();
  const lend = async (host: string, signal: AbortSignal): Promise<() => void> => {
    const own = hosts.get(host) ?? memoryBudget(MAX_LISTED);
    hosts.set(host, own);
    const giveBackOwn = await own.lend(MAX_LISTED, () => undefined, signal);
    const giveBack = await all
      .lend(MAX_LISTED, () => undefined, signal)
      .catch((error: unknown) => {
        giveBackOwn();
        throw error;
      });
    return () => [giveBack, giveBackOwn].forEach((give) => give());
  };
  return { open: (of, signal) => shareOf(of, () => lend(hostOf(of), signal)) };
}

function shareOf(of: RepositoryName, lend: () => Promise<() => void>): ListingMemory {
  let [kept, page] = [0, 0];
  let giveBack: (() => void) | undefined;
  const add = (bytes: number): void => {
    page += bytes;
    if (kept + page > MAX_LISTED) throw tooMuch(of);
  };
  return {
    add,
    addEntry: () => add(ENTRY),
    room: () => {
      if (giveBack !== undefined || kept + page <= FREE) return undefined;
      return lend().then((give) => void (giveBack = give));
    },
    keep: () => {
      kept += page;
      page = 0;
    },
    restart: () => void (page = 0),
    close: () => giveBack?.(),
  };
}

function tooMuch(of: RepositoryName): PromotionError {
  return new PromotionError(
    'REGISTRY_PROTOCOL',
    `the registry lists more in ${of} than is read: ${MAX_LISTED / 1024 / 1024} MiB, with ${ENTRY} bytes for each entry`,
    { hint: `have what nobody needs removed there, or ask whoever runs ${hostOf(of)} what it lists` },
  );
}
