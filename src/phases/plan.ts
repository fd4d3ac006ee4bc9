import { assemble } from '../plan/assemble.ts';
import { byDestination, countImages } from '../plan/desired.ts';
import type { Batch } from '../pipeline/batch.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { RegistryReader } from '../registry/roles.ts';
import type { SourceReader } from '../registry/source.ts';
import { findPending, findSources } from './find-pending.ts';
import type { PlannedImage } from './images.ts';
import type { Loaded, LoadedDiff } from './setup.ts';
import { tellFailures, tellPending } from './tell.ts';
import type { Traffic } from './traffic.ts';

export type PlanServices = {
  readonly registry: RegistryReader;
  readonly source: SourceReader;
  readonly traffic: Traffic;
};

/** The images that are due, with how much was found complete. */
export type Plan = Batch<PlannedImage> & {
  readonly phase: 'plan';
  readonly present: number;
  readonly named: number;
  readonly repositories: readonly string[];
  readonly diff?: LoadedDiff;
};

/** Compares what the registries have with what the tree wants: what each image lacks, and what cannot be done. */
export const plan = (services: PlanServices): Phase<Loaded, Plan> => ({
  name: 'plan',
  run: async (loaded, context) => {
    const destinations = byDestination(loaded.sets);
    context.narrate({
      type: 'log',
      level: 'info',
      message: `Reading ${destinations.size} registries (recursive: false)`,
    });
    const all = loaded.diff === undefined ? destinations : byDestination(loaded.diff.all);
    const { pending, present, failures } = await findPending(services, destinations, context, all);
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
      named: countImages(loaded.sets),
      repositories: [...destinations.keys()],
      ...(loaded.diff !== undefined && { diff: loaded.diff }),
    };
  },
});
