import type { Context } from '../../pipeline/phase.ts';
import type { SourceState } from '../../plan/desired/assemble.ts';
import type { ImageSet, WantedImage } from '../../plan/desired/desired.ts';
import type { Lack } from '../../plan/compare.ts';
import { askLacks } from './ask-lacks.ts';
import { findPending, type Found, type FindPendingOptions } from './find-pending.ts';
import { findSources } from './find-sources.ts';
import { withLacks, type InventoryUse } from './inventory-cache.ts';
import type { PlanServices } from './services.ts';

/** What destinations lack, how many image × mirror pairs are complete, and which missing images the sources have. */
type Lacking = Omit<Found, 'present' | 'inventory'> & {
  readonly present: number;
  readonly inventory?: InventoryUse | undefined;
  readonly states: (image: WantedImage) => SourceState;
};

/** Finds what is lacking by the lists of the registries, and checks with requests what a list omits. */
export async function findLacking(
  services: PlanServices,
  destinations: ReadonlyMap<string, readonly ImageSet[]>,
  options: FindPendingOptions,
  context: Context,
): Promise<Lacking> {
  const unlisted = await findPending(services, destinations, context, options);
  const states = await findSources(services, unlisted.pending, context);
  const isAsked = ({ image, moves, isUnread }: Lack): boolean =>
    !isUnread && (services.destination === 'compared' || moves.length > 0 || states(image) !== 'there');
  const asked = await askLacks(services, unlisted.pending, isAsked, context);
  // nothing is known of a repository that denied an answer
  const known = [...unlisted.present].filter(([repository]) => !asked.unread.has(repository));
  const unread = new Map([...unlisted.unread, ...asked.unread]);
  return {
    states,
    pending: asked.pending,
    present: known.reduce((sum, [, count]) => sum + count, asked.present),
    unread,
    inventory: unlisted.inventory && withLacks(unlisted.inventory, asked.pending, unread),
    failures: [...unlisted.failures, ...asked.failures],
  };
}
