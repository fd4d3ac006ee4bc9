import { PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { memoryBudget, type MemoryBudget } from '../memory-budget.ts';

/**
 * Memory of one list, in bytes: for 120,000 images with digests and tags, or 280,000 tags. ECR keeps at most 100,000
 * images in a repository, and Artifact Registry lists at most 10,000.
 */
const MAX_LISTED = 64 * 1024 * 1024;

/** Overhead of an entry in addition to its text; in bytes. */
const ENTRY = 200;

/** Lists of up to two thousand images never wait. A registry is read with 20 concurrent requests. In bytes. */
const FREE = 1024 * 1024;

/** Memory of all larger lists that are being read: two, so that one slow registry does not block all others. */
const ALL_LISTED = 2 * MAX_LISTED;

/** Memory of one list while it is read. */
export type ListingMemory = {
  /** Adds bytes or an entry; throws REGISTRY_PROTOCOL if the list gets too large. */
  add(bytes: number): void;
  addEntry(): void;
  /** Waits, if the list is large, until the other lists leave room for it. */
  room(): void | Promise<void>;
  /** Keeps the current page, which is complete; later additions belong to the next one. */
  keep(): void;
  /** Discards the current page, which is read again. */
  restart(): void;
  /** Releases all memory. */
  close(): void;
};

/** Shares memory among lists: one large list at a time for each registry, and few in total. */
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
    `the registry's list of ${of} exceeds ${MAX_LISTED / 1024 / 1024} MiB, counting ${ENTRY} bytes of overhead for each entry`,
    { hint: `remove unused images there, or ask the operator of ${hostOf(of)} about that list` },
  );
}
