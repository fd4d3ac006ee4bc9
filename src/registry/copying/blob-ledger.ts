import type { Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';

/** What this run knows of blobs in destination repositories, so that none is sent twice. */
export type BlobLedger = {
  /** True when the blob is known to be in the repository. */
  holds(repository: RepositoryName, digest: Digest): boolean;
  /** A repository of the same registry that is known to hold the blob. */
  mountSource(repository: RepositoryName, digest: Digest): RepositoryName | undefined;
  /**
   * Lets one caller at a time bring a blob into a repository; the others wait, and have nothing to do when it is
   * there. With `waitToMount` a caller also waits for one that brings it to the same registry: then it can be mounted.
   * Waiting ends with the signal; `bring` minds it by itself.
   */
  settle(repository: RepositoryName, digest: Digest, settling: Settling): Promise<void>;
  /** The registry says that it does not hold the blob after all. */
  forget(repository: RepositoryName, digest: Digest): void;
  /** The registry has something else under the blob's digest. */
  noteDamage(repository: RepositoryName, digest: Digest): void;
  /** True if that was noted for any repository of the same registry: what they share is stored once. */
  isDamaged(repository: RepositoryName, digest: Digest): boolean;
};

export type Settling = {
  readonly waitToMount: boolean;
  readonly signal: AbortSignal;
  /** Told before each wait for another caller. */
  readonly onWait?: () => void;
  readonly bring: () => Promise<void>;
};

type Presence = Pick<BlobLedger, 'holds' | 'mountSource' | 'forget' | 'noteDamage' | 'isDamaged'> & {
  add(repository: RepositoryName, digest: Digest): void;
};

function presence(): Presence {
  const holders = new Map<string, Set<RepositoryName>>();
  const damaged = new Set<string>();
  return {
    holds: (repository, digest) => holders.get(keyOf(repository, digest))?.has(repository) ?? false,
    mountSource: (repository, digest) => {
      for (const holder of holders.get(keyOf(repository, digest)) ?? []) if (holder !== repository) return holder;
      return undefined;
    },
    add: (repository, digest) => {
      const key = keyOf(repository, digest);
      holders.set(key, (holders.get(key) ?? new Set()).add(repository));
    },
    forget: (repository, digest) => {
      holders.get(keyOf(repository, digest))?.delete(repository);
    },
    noteDamage: (repository, digest) => void damaged.add(keyOf(repository, digest)),
    isDamaged: (repository, digest) => damaged.has(keyOf(repository, digest)),
  };
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${hostOf(repository)} ${digest}`;
}

/** Starts knowing nothing. */
export function blobLedger(): BlobLedger {
  const known = presence();
  const underway = new Map<string, Map<RepositoryName, Promise<void>>>();

  // Somebody whose upload makes one's own unnecessary, or a mount.
  const worthAwaiting = (
    repository: RepositoryName,
    digest: Digest,
    waitToMount: boolean,
  ): Promise<void> | undefined => {
    const others = underway.get(keyOf(repository, digest));
    const mayMount = waitToMount && known.mountSource(repository, digest) === undefined;
    return others?.get(repository) ?? (mayMount ? others?.values().next().value : undefined);
  };
  const bringAs = async (repository: RepositoryName, digest: Digest, mine: Promise<void>): Promise<void> => {
    const key = keyOf(repository, digest);
    const all = underway.get(key) ?? new Map<RepositoryName, Promise<void>>();
    underway.set(key, all.set(repository, mine));
    try {
      await mine;
      known.add(repository, digest);
    } finally {
      all.delete(repository);
      if (all.size === 0) underway.delete(key);
    }
  };

  return {
    ...known,
    settle: async (repository, digest, { waitToMount, signal, onWait, bring }) => {
      while (!known.holds(repository, digest)) {
        const other = worthAwaiting(repository, digest, waitToMount);
        if (other === undefined) return bringAs(repository, digest, bring());
        onWait?.();
        await endOf(other, signal);
      }
    },
  };
}

/** Resolves when the promise has settled in whatever way; rejects when the signal aborts first. */
function endOf(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    const over = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(over, over);
  });
}
