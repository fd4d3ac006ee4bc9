import { createHash } from 'node:crypto';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import { addAll, smallest } from '../../lists.ts';
import type { InventoryEntries, InventoryEntry } from './entry.ts';

const HOUR = 3_600_000;

/**
 * No entry is believed for longer than a day, even if the clocks of the run that wrote it and of the run that reads it
 * were wrong by an hour each.
 */
export const MAX_AGE = 22 * HOUR;

/** The share of the repositories of each registry that are read although their entries would be believed. */
const SAMPLE = 0.02;

type Choosing = {
  readonly now: number;
  /** Returns a number from 0 to 1. */
  readonly random: () => number;
  /** True believes nothing. */
  readonly verifyAll: boolean;
  /** Returns true for a repository whose listing the run needs for more than a comparison. */
  readonly isNeeded: (repository: RepositoryName) => boolean;
};

/** Which entries are believed, and which are compared with the repository. */
export type Choice = {
  /** The repositories that need not be read, with their entries. */
  readonly believed: ReadonlyMap<RepositoryName, InventoryEntry>;
  /** The other repositories of which an entry says that they are complete: reading them shows whether it is right. */
  readonly checked: ReadonlyMap<RepositoryName, InventoryEntry>;
};

/** Chooses the repositories that are not read; `wanted` has the digest of the wanted set of each. */
export function chooseBelieved(
  wanted: ReadonlyMap<RepositoryName, string>,
  entries: InventoryEntries,
  { now, random, verifyAll, isNeeded }: Choosing,
): Choice {
  const believed = new Map<RepositoryName, InventoryEntry>();
  const checked = new Map<RepositoryName, InventoryEntry>();
  for (const [repository, digest] of wanted) {
    const entry = entries.get(repository);
    // an entry of the future was written with a wrong clock
    if (entry === undefined || entry.satisfied !== digest || entry.at > now || now - entry.at >= MAX_AGE) continue;
    const isBelieved = !verifyAll && !isNeeded(repository) && now - entry.at < lifetimeOf(repository, entry);
    (isBelieved ? believed : checked).set(repository, entry);
  }
  for (const repository of sampleOf([...believed.keys()], random)) {
    const entry = believed.get(repository);
    if (entry !== undefined) checked.set(repository, entry);
    believed.delete(repository);
  }
  return { believed, checked };
}

/** Returns the age at which an entry ends: between half and all of the longest, so that not all end in the same run. */
function lifetimeOf(repository: RepositoryName, { at }: InventoryEntry): number {
  const share = createHash('sha256').update(`${repository} ${at}`).digest().readUInt32BE() / 2 ** 32;
  return MAX_AGE * (0.5 + share / 2);
}

/** Returns a random sample of the repositories of each registry, at least one: a registry may be down, or deny access. */
function sampleOf(repositories: readonly RepositoryName[], random: () => number): readonly RepositoryName[] {
  const sample: RepositoryName[] = [];
  for (const names of Map.groupBy(repositories, hostOf).values()) {
    const shuffled = names.map((name) => ({ name, rank: random() })).toSorted((a, b) => a.rank - b.rank);
    const size = Math.ceil(names.length * SAMPLE);
    addAll(
      sample,
      shuffled.slice(0, size).map(({ name }) => name),
    );
  }
  return sample;
}

/** When a repository was read, and the digest of its listing if that succeeded. */
export type Listed = Pick<InventoryEntry, 'at' | 'listed'>;

/** Returns the repositories whose listing is another one than when the entry was written. */
export function changedOf(
  checked: Choice['checked'],
  readings: ReadonlyMap<RepositoryName, Listed>,
): readonly RepositoryName[] {
  return [...checked].flatMap(([repository, { listed: before }]) => {
    const now = readings.get(repository)?.listed;
    return before === undefined || now === undefined || before === now ? [] : [repository];
  });
}

/** Returns the time of the oldest reading in Unix milliseconds; undefined if there is none. */
export function oldestOf(entries: Choice['believed']): number | undefined {
  return entries.size === 0 ? undefined : smallest([...entries.values()].map(({ at }) => at));
}
