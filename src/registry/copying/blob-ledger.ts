import type { Digest } from '../../image/digest.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';

/** Records which blobs exist in destination repositories, so that none is uploaded twice in a run. */
export type BlobLedger = {
  /** Returns true if the blob is known to be in the repository. */
  holds(repository: RepositoryName, digest: Digest): boolean;
  /** Returns a repository of the same registry that is known to hold the blob. */
  mountSource(repository: RepositoryName, digest: Digest): RepositoryName | undefined;
  /**
   * Lets one caller at a time upload a blob to a repository. The others wait, and return if it exists by then. With
   * `waitToMount`, a caller also waits for an upload to another repository of the same registry, from where it can
   * mount the blob. Waiting ends with the signal; `bring` must watch the signal itself.
   */
  settle(repository: RepositoryName, digest: Digest, settling: Settling): Promise<void>;
  /** Returns how many blobs were brought to the registry of the repository so far. */
  brought(repository: RepositoryName): number;
  /** Records that the registry does not have the blob after all. */
  forget(repository: RepositoryName, digest: Digest): void;
  /** Records that the registry has other content under the blob's digest. */
  recordDamage(repository: RepositoryName, digest: Digest): void;
  /** Returns true if damage was recorded for any repository of the same registry, since their blobs are stored once. */
  isDamaged(repository: RepositoryName, digest: Digest): boolean;
};

export type Settling = {
  readonly waitToMount: boolean;
  readonly signal: AbortSignal;
  /** Called before each wait for another caller. */
  readonly onWait?: () => void;
  readonly bring: () => Promise<void>;
};

type Presence = Pick<BlobLedger, 'holds' | 'mountSource' | 'brought' | 'forget' | 'recordDamage' | 'isDamaged'> & {
  add(repository: RepositoryName, digest: Digest): void;
};

function presence(): Presence {
  const holders = new Map<string, Set<RepositoryName>>();
  const damaged = new Set<string>();
  const counts = new Map<string, number>();
  return {
    holds: (repository, digest) => holders.get(keyOf(repository, digest))?.has(repository) ?? false,
    mountSource: (repository, digest) => {
      for (const holder of holders.get(keyOf(repository, digest)) ?? []) if (holder !== repository) return holder;
      return undefined;
    },
    brought: (repository) => counts.get(hostOf(repository)) ?? 0,
    add: (repository, digest) => {
      const key = keyOf(repository, digest);
      const host = hostOf(repository);
      counts.set(host, (counts.get(host) ?? 0) + 1);
      holders.set(key, (holders.get(key) ?? new Set()).add(repository));
    },
    forget: (repository, digest) => {
      holders.get(keyOf(repository, digest))?.delete(repository);
    },
    recordDamage: (repository, digest) => void damaged.add(keyOf(repository, digest)),
    isDamaged: (repository, digest) => damaged.has(keyOf(repository, digest)),
  };
}

function keyOf(repository: RepositoryName, digest: Digest): string {
  return `${hostOf(repository)} ${digest}`;
}

/** Starts empty. */
export function blobLedger(): BlobLedger {
  const known = presence();
  const underway = new Map<string, Map<RepositoryName, Promise<void>>>();

  // An upload after which this one is unnecessary or can be a mount.
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

/** Resolves when the promise has settled in either way; rejects when the signal aborts first. */
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
