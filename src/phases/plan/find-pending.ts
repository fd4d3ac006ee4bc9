import type { Failure, PromotionError } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { byImage, type Lacks } from '../../plan/desired/assemble.ts';
import type { CandidateFinder } from '../../plan/candidates.ts';
import { compare, completeImages, type Lack } from '../../plan/compare.ts';
import { conflictFinder } from '../../plan/conflicts.ts';
import type { ImageSet, WantedImage } from '../../plan/desired/desired.ts';
import { readInventory } from '../../registry/inventory.ts';
import { readCached, type CacheUse, type Reads } from './read-cached.ts';
import type { PlanServices } from './services.ts';
import { readByHost } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';

/** What destinations lack by image, and how many images are complete in each repository. */
export type Found = {
  readonly pending: Lacks;
  readonly present: ReadonlyMap<RepositoryName, number>;
  /** The repositories that could not be read. */
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
  readonly failures: readonly Failure[];
  /** Defined if there is a cache. */
  readonly inventory?: CacheUse | undefined;
};

export type FindPendingOptions = {
  /** All images that the tree wants there: one outside of the run may dispute a tag. */
  readonly all?: ReadonlyMap<string, readonly ImageSet[]>;
  /** Called with each repository that was read. */
  readonly look?: CandidateFinder['look'] | undefined;
  /** Returns true for a repository that is read even if a cache covers it. Default: none is. */
  readonly isNeeded?: Reads['isNeeded'];
};

/**
 * Reads every destination repository and returns what it lacks. A repository that cannot be read is a failure. With a
 * cache, repositories that it covers are not read.
 */
export async function findPending(
  services: Omit<PlanServices, 'source' | 'candidates'>,
  destinations: ReadonlyMap<string, readonly ImageSet[]>,
  context: Context,
  { all = destinations, look, isNeeded }: FindPendingOptions = {},
): Promise<Found> {
  const { registry, traffic, destination = 'compared', inventory: cache } = services;
  const finder = conflictFinder();
  const setsOf: Reads['setsOf'] = (repository) => destinations.get(repository) ?? [];
  const conflictsOf: Reads['conflictsOf'] = (repository) => finder(all.get(repository) ?? setsOf(repository));
  const lacks = new Map<string, readonly Lack[]>();
  const present = new Map<RepositoryName, number>();
  const read: Reads['read'] = async (repository, reader = registry) => {
    const sets = setsOf(repository);
    const call = { signal: context.signal, meter: traffic.of(repository), destination };
    const inventory = await readInventory(reader, repository, wantedOf(sets), call);
    if (inventory.isUnread === true) context.emit({ type: 'repository-denied', repository });
    const found = compare(repository, sets, conflictsOf(repository), inventory);
    present.set(repository, found.present);
    look?.(repository, sets, inventory);
    if (found.lacks.length > 0) lacks.set(repository, found.lacks);
  };
  const names = [...destinations.keys()];
  const lacksOf: Reads['lacksOf'] = (repository) => lacks.get(repository) ?? [];
  const reads: Reads = { names, setsOf, conflictsOf, isNeeded, read, lacksOf };
  const cached = cache && (await readCached(cache, reads, services, context));
  for (const repository of cached?.believed ?? [])
    present.set(repository, completeImages(setsOf(repository), conflictsOf(repository)));
  const unread = cached?.unread ?? (await readByHost('destination', names, (one) => read(one), context));
  // in the order of the manifests, not of the answers: two runs on the same tree have the same output
  const pending = byImage(names.flatMap(lacksOf));
  return { pending, present, unread, failures: unreadable(unread), inventory: cached?.use };
}

function* wantedOf(sets: readonly ImageSet[]): Generator<WantedImage> {
  for (const set of sets) yield* set.images;
}
