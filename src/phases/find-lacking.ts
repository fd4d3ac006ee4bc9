import type { Context } from '../pipeline/phase.ts';
import type { PendingLack, SourceState } from '../plan/assemble.ts';
import type { ImageSet, WantedImage } from '../plan/desired.ts';
import { askLacks } from './ask-lacks.ts';
import { findPending, findSources, type Found, type FindPendingOptions } from './find-pending.ts';
import type { PlanServices } from './plan.ts';

/** What destinations lack, and whether the source has it. */
export type Lacking = Found & { readonly states: (image: WantedImage) => SourceState };

/** Finds what is lacking by the lists of the registries, and asks for what their silence would decide. */
export async function findLacking(
  services: PlanServices,
  destinations: ReadonlyMap<string, readonly ImageSet[]>,
  options: FindPendingOptions,
  context: Context,
): Promise<Lacking> {
  const unlisted = await findPending(services, destinations, context, options);
  const states = await findSources(services, unlisted.pending, context);
  const isAsked = ({ image, moves, isUnread }: PendingLack): boolean =>
    isUnread !== true && (services.destination === 'compared' || moves.length > 0 || states(image) !== 'there');
  const asked = await askLacks(services, unlisted.pending, isAsked, context);
  return {
    states,
    pending: asked.pending,
    present: unlisted.present + asked.present,
    failures: [...unlisted.failures, ...asked.failures],
  };
}
