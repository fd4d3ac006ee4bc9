import type { Failure } from '../errors.ts';
import { artifactTypesOf } from '../plan/desired/policies.ts';
import { assemble } from '../plan/desired/assemble.ts';
import { detailsOf, type ImageDetails } from '../plan/desired/details.ts';
import { byDestination, type WantedImage } from '../plan/desired/desired.ts';
import type { Phase } from '../pipeline/phase.ts';
import { findLacking } from './plan/find-lacking.ts';
import { checkShapes } from './plan/find-shapes.ts';
import type { InventoryUse } from './plan/inventory-cache.ts';
import type { PlannedImage } from './images.ts';
import type { SigningPlan } from './plan/signing-plan.ts';
import { openFinder } from './plan/open-finder.ts';
import { planSigning } from './plan/plan-signing.ts';
import type { Loaded } from './setup.ts';
import type { PlanServices } from './plan/services.ts';

/** The due images, and the number of complete ones. */
export type Plan = {
  readonly images: readonly PlannedImage[];
  readonly failures: readonly Failure[];
  readonly present: number;
  readonly repositories: readonly string[];
  /** Defined if the run signs. */
  readonly signing?: SigningPlan | undefined;
  /** The details of images that lack something, and of those that some mirror could not be asked for. */
  readonly details?: ReadonlyMap<WantedImage, ImageDetails>;
  /** Defined if the run has an inventory cache. */
  readonly inventory?: InventoryUse | undefined;
};

/** Compares the registries with the tree, and plans what each image lacks. */
export const plan = (services: PlanServices): Phase<{ readonly loaded: Loaded }, 'plan', Plan> => ({
  name: 'plan',
  gives: 'plan',
  run: async ({ loaded }, context) => {
    const destinations = byDestination(loaded.sets);
    context.emit({ type: 'destinations-listed', repositories: destinations.size });
    const sets = loaded.diff?.all ?? loaded.sets;
    const all = loaded.diff === undefined ? destinations : byDestination(sets);
    const { candidates } = services;
    const finder = candidates && (await openFinder(candidates, sets, context));
    const options = { all, look: finder?.look, isNeeded: finder?.isPrimary };
    const lacking = await findLacking(services, destinations, options, context);
    const { pending, present, unread, failures, states } = lacking;
    const decided = assemble(pending, states);
    const { due, failures: odd, sizes } = await checkShapes(services.source, decided.due, artifactTypesOf, context);
    const signing = await planSigning(services, finder, { due, destinations }, context);
    const images = signing.due;
    const details = detailsOf(loaded.sets, { pending, sizes, unread });
    context.emit({ type: 'promotions-planned', images: images.length });
    context.emit({ type: 'images-planned', images, details });
    const found = [...failures, ...decided.failures, ...odd, ...signing.failures];
    context.emit({ type: 'failures', failures: found });
    return {
      images,
      failures: found,
      present,
      repositories: [...destinations.keys()],
      signing: signing.plan,
      details,
      inventory: lacking.inventory,
    };
  },
});
