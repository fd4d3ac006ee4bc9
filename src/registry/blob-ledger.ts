import type { Digest } from '../image/digest.ts';
import { hostOf, type RepositoryName } from '../image/reference.ts';

/** What this run knows of blobs in destination repositories, so that none is sent twice. */
export type BlobLedger = {
  /** True when the blob is known to be in the repository. */
  holds(repository: RepositoryName, digest: Digest): boolean;
  /** A repository of the same registry that is known to hold the blob. */
  mountSource(repository: RepositoryName, digest: Digest): RepositoryName | undefined;
  /**
   * Lets one caller at a time bring a blob into a repository; the others wait, and have nothing to do when it is
   * there. With `waitToMount` a caller also waits for one that brings it to the same registry: then it can be mounted.
   */
  settle(repository: RepositoryName, digest: Digest, waitToMount: boolean, bring: () => Promise<void>): Promise<void>;
  /** The registry says that it does not hold the blob after all. */
  forget(repository: RepositoryName, digest: Digest): void;
};

/** Starts knowing nothing. */
export function blobLedger(): BlobLedger {
  const holders = new Map<string, Set<RepositoryName>>();
  const underway = new Map<string, Map<RepositoryName, Promise<void>>>();
  const keyOf = (repository: RepositoryName, digest: Digest): string => `${hostOf(repository)} ${digest}`;
  const holds: BlobLedger['holds'] = (repository, digest) =>
    holders.get(keyOf(repository, digest))?.has(repository) ?? false;

  const mountSource: BlobLedger['mountSource'] = (repository, digest) => {
    for (const holder of holders.get(keyOf(repository, digest)) ?? []) if (holder !== repository) return holder;
    return undefined;
  };

  const settle: BlobLedger['settle'] = async (repository, digest, waitToMount, bring) => {
    const key = keyOf(repository, digest);
    for (;;) {
      if (holds(repository, digest)) return;
      const others = underway.get(key);
      const awaited =
        others?.get(repository) ??
        (waitToMount && mountSource(repository, digest) === undefined ? others?.values().next().value : undefined);
      if (awaited === undefined) break;
      await awaited.catch(() => undefined);
    }
    const mine = bring();
    const others = underway.get(key) ?? new Map<RepositoryName, Promise<void>>();
    underway.set(key, others.set(repository, mine));
    try {
      await mine;
      holders.set(key, (holders.get(key) ?? new Set()).add(repository));
    } finally {
      others.delete(repository);
      if (others.size === 0) underway.delete(key);
    }
  };

  return {
    holds,
    settle,
    mountSource,
    forget: (repository, digest) => {
      holders.get(keyOf(repository, digest))?.delete(repository);
    },
  };
}
