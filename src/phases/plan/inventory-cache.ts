import type { RepositoryName } from '../../image/reference.ts';
import { outcomeOf } from '../../pipeline/outcome.ts';
import type { InventoryEntries } from '../../plan/believed/entry.ts';
import { renewedEntries, type Reading } from '../../plan/believed/renew.ts';
import { lackingLines, wantedLines } from '../../plan/believed/wanted-set.ts';
import type { PromotedImage } from '../images.ts';
import type { Lacks } from '../../plan/desired/assemble.ts';

/** What earlier runs found out about mirror repositories. It may be outdated, forged, or of another time. */
export type InventoryCache = {
  readonly entries: InventoryEntries;
  /** True reads every repository. */
  readonly verifyAll: boolean;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  /** Returns true if most registries show another time than this machine's clock. */
  readonly isClockWrong: () => boolean;
  /** Stores that nothing is known. Never throws. */
  readonly forget: () => Promise<void>;
  /** Stores what this run found out. Never throws. */
  readonly keep: (entries: InventoryEntries) => Promise<void>;
};

/** How a run used the cache. */
export type InventoryUse = {
  /** The number of repositories that were not read. */
  readonly believed: number;
  /** Unix milliseconds of the oldest reading that is believed; undefined if none is. */
  readonly since: number | undefined;
  /** Repositories that were read although, or because, the cache says that they are complete. */
  readonly checked: number;
  /** Those among them that are complete, but show other tags or manifests than before. */
  readonly changed: number;
  /** Those among them that are not complete. */
  readonly wrong: readonly RepositoryName[];
  readonly readings: ReadonlyMap<RepositoryName, Reading>;
};

/** Adds to each reading what the repository lacks. */
export function withLacks(
  use: Omit<InventoryUse, 'readings'> & {
    readonly readings: ReadonlyMap<RepositoryName, Omit<Reading, 'lacking'>>;
  },
  pending: Lacks,
  unread: Pick<ReadonlySet<RepositoryName>, 'has'>,
): InventoryUse {
  const lacks = Map.groupBy([...pending.values()].flat(), ({ repository }) => repository);
  const readings = [...use.readings].map(([repository, reading]): [RepositoryName, Reading] => {
    const lacking = (lacks.get(repository) ?? []).flatMap(lackingLines);
    return [repository, { ...reading, lacking: unread.has(repository) ? undefined : lacking }];
  });
  return { ...use, readings: new Map(readings) };
}

/** The images that a run wrote; `tagging` has their final state if tags are written last. */
type Written = {
  readonly promotion?: { readonly images: readonly PromotedImage[] };
  readonly tagging?: { readonly images: readonly PromotedImage[] };
};

/** Returns the entries that a run leaves, also if it was stopped. */
export function entriesAfter({ readings }: InventoryUse, { promotion, tagging }: Written): InventoryEntries {
  const written = new Map<RepositoryName, Set<string>>();
  for (const { wanted, results } of (tagging ?? promotion)?.images ?? []) {
    for (const result of results) {
      if (outcomeOf(result) !== 'complete') continue;
      const lines = written.get(result.repository) ?? new Set();
      written.set(result.repository, lines);
      // its tags are those that it got, without moved ones
      for (const line of wantedLines({ digest: wanted.digest, tags: result.tags })) lines.add(line);
    }
  }
  return renewedEntries(readings, (repository) => written.get(repository) ?? new Set());
}
