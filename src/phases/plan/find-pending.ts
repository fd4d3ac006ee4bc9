import type { Failure, PromotionError } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { byImage, type Lacks } from '../../plan/desired/assemble.ts';
import type { CandidateFinder } from '../../plan/candidates.ts';
import { compare, type Lack } from '../../plan/compare.ts';
import { conflictFinder } from '../../plan/conflicts.ts';
import type { ImageSet, WantedImage } from '../../plan/desired/desired.ts';
import { readInventory } from '../../registry/inventory.ts';
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
};

export type FindPendingOptions = {
  /** All images that the tree wants there: one outside of the run may dispute a tag. */
  readonly all?: ReadonlyMap<string, readonly ImageSet[]>;
  /** Called with each repository that was read. */
  readonly look?: CandidateFinder['look'] | undefined;
};

/** Reads every destination repository and returns what it lacks. A repository that cannot be read is a failure. */
export async function findPending(
  { registry, traffic, destination = 'compared' }: Omit<PlanServices, 'source' | 'candidates'>,
  destinations: ReadonlyMap<string, readonly ImageSet[]>,
  context: Context,
  { all = destinations, look }: FindPendingOptions = {},
): Promise<Found> {
  const conflictsOf = conflictFinder();
  const lacks = new Map<string, readonly Lack[]>();
  const present = new Map<RepositoryName, number>();
  const read = async (repository: string): Promise<void> => {
    const sets = destinations.get(repository) ?? [];
    const call = { signal: context.signal, meter: traffic.of(repository), destination };
    const inventory = await readInventory(registry, repository, wantedOf(sets), call);
    if (inventory.isUnread === true) context.emit({ type: 'repository-denied', repository });
    const found = compare(repository, sets, conflictsOf(all.get(repository) ?? sets), inventory);
    present.set(repository, found.present);
    look?.(repository, sets, inventory);
    lacks.set(repository, found.lacks);
  };
  const unread = await readByHost('destination', [...destinations.keys()], read, context);
  // in the order of the manifests, not of the answers: two runs on the same tree have the same output
  const inOrder = [...destinations.keys()].flatMap((repository) => lacks.get(repository) ?? []);
  return { pending: byImage(inOrder), present, unread, failures: unreadable(unread) };
}

function* wantedOf(sets: readonly ImageSet[]): Generator<WantedImage> {
  for (const set of sets) yield* set.images;
}
