import { assemble, gather, type Pending, type PendingLack, type SourceState } from '../plan/assemble.ts';
import { compare } from '../plan/compare.ts';
import { conflictFinder } from '../plan/conflicts.ts';
import { byDestination, type ImageSet, type WantedImage } from '../plan/desired.ts';
import type { Batch } from '../pipeline/batch.ts';
import type { Context, Phase } from '../pipeline/phase.ts';
import { readInventory } from '../registry/inventory.ts';
import type { RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import type { PlannedImage } from './images.ts';
import { pushTo, readByHost, unreadable } from './read-by-host.ts';
import type { Loaded } from './setup.ts';
import { tellFailures, tellPending } from './tell.ts';
import type { Traffic } from './traffic.ts';

export type PlanServices = { readonly registry: RegistryReader; readonly source: SourceReader; readonly traffic: Traffic };

/** The images that are due, with how much was found complete. */
export type Plan = Batch<PlannedImage> & {
  readonly phase: 'plan';
  readonly present: number;
  readonly named: number;
  readonly repositories: readonly string[];
};

/** Compares what the registries have with what the tree wants: what each image lacks, and what cannot be done. */
export const plan = (services: PlanServices): Phase<Loaded, Plan> => ({
  name: 'plan',
  run: async (loaded, context) => {
    const destinations = byDestination(loaded.sets);
    context.narrate({ type: 'log', level: 'info', message: `Reading ${destinations.size} registries (recursive: false)` });
    const { pending, present, failures } = await findPending(services, destinations, context);
    const states = await findSources(services, pending, context);
    const decided = assemble(pending, states);
    const images = decided.due.map(({ image, targets }) => ({ wanted: image, targets }));
    const found = [...failures, ...decided.failures];
    tellPending(images, context);
    tellFailures(found, context);
    return {
      phase: 'plan',
      images,
      failures: [...loaded.failures, ...found],
      present,
      named: loaded.sets.reduce((sum, set) => sum + set.images.length, 0),
      repositories: [...destinations.keys()],
    };
  },
});

async function findPending(
  { registry, traffic }: PlanServices,
  destinations: ReadonlyMap<string, readonly ImageSet[]>,
  context: Context,
): Promise<Pick<Plan, 'present' | 'failures'> & { pending: Pending[] }> {
  const conflictsOf = conflictFinder();
  const lacks: PendingLack[] = [];
  let present = 0;
  const read = async (repository: string): Promise<void> => {
    const sets = destinations.get(repository) ?? [];
    const call = { signal: context.signal, meter: traffic.of(repository) };
    const inventory = await readInventory(registry, repository, wantedOf(sets), call);
    const found = compare(sets, conflictsOf(sets), inventory);
    present += found.present;
    for (const lack of found.lacks) lacks.push({ ...lack, repository, isNew: !inventory.holdsManifests });
  };
  const errors = await readByHost('destination', [...destinations.keys()], read, context);
  return { pending: gather(lacks), present, failures: unreadable(errors) };
}

function* wantedOf(sets: readonly ImageSet[]): Generator<WantedImage> {
  for (const set of sets) yield* set.images;
}

/** Asks each source repository only for what is missing somewhere. */
async function findSources(
  { source }: PlanServices,
  pending: readonly Pending[],
  context: Context,
): Promise<(image: WantedImage) => SourceState> {
  const bySource = new Map<string, WantedImage[]>();
  for (const { image } of pending) pushTo(bySource, image.source, image);
  const there = new Set<WantedImage>();
  const read = async (repository: string): Promise<void> => {
    const images = bySource.get(repository) ?? [];
    const has = await source.whichExist(repository, images.map(({ digest }) => digest), context.signal);
    for (const image of images) if (has.has(image.digest)) there.add(image);
  };
  const errors = await readByHost('source', [...bySource.keys()], read, context);
  return (image) => errors.get(image.source) ?? (there.has(image) ? 'there' : 'lost');
}
