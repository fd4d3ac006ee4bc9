import type { Phase } from '../../pipeline/phase.ts';
import { checkImages, type CheckServices } from './check-images.ts';
import { isWrong, wrongOnPrimary } from './checked-images.ts';
import type { Checks } from './check.ts';
import type { Loaded } from '../setup.ts';
import type { SigcheckPlan } from './plan.ts';
import { failuresOf } from '../../pipeline/pipeline.ts';
import { findLacks, type LackServices } from '../replication/find-lacks.ts';
import { groupsToRepair, lacksToRepair } from './lacks-to-repair.ts';
import { copyLacks, type ReplicateServices } from '../replication/replicate.ts';
import { signWrong, type SignWrongServices } from './sign-wrong.ts';

type RepairServices = CheckServices & LackServices & ReplicateServices & SignWrongServices;

/** The findings after the repair, and how much was repaired. */
export type Repaired = Checks & {
  readonly signed: number;
  readonly recorded: number;
  /** Manifests copied to mirrors, counted for each mirror. */
  readonly copied: number;
};

type Checked = { readonly loaded: Loaded; readonly plan: SigcheckPlan; readonly checks: Checks };

/** Signs and records wrong images on the primary, copies that to the mirrors, and checks these images again. */
export const repair = (services: RepairServices): Phase<Checked, 'repaired', Repaired> => ({
  name: 'repair',
  gives: 'repaired',
  run: async (outputs, context) => {
    const { checks } = outputs;
    const wrong = checks.images.filter(({ findings }) => findings.some(isWrong));
    if (!wrong.some((image) => wrongOnPrimary(image, 'record'))) context.emit({ type: 'records-complete' });
    if (wrong.length === 0) return { images: checks.images, failures: [], signed: 0, recorded: 0, copied: 0 };
    const { failures, signed, recorded } = await signWrong(services, wrong, context);
    context.emit({ type: 'failures', failures });
    const lacks = await findLacks(services, groupsToRepair(wrong), context);
    const copies = await copyLacks(services, lacksToRepair(wrong, lacks.lacks), context);
    const copied = copies.replicated.flatMap(({ results }) =>
      results.filter(({ error }) => error === undefined),
    ).length;
    const again = await checkImages(
      services,
      wrong.map((image) => image.check),
      context,
    );
    const now = new Map(again.images.map((image) => [image.check, image]));
    const images = checks.images.map((image) => now.get(image.check) ?? image);
    // a registry that could not be read before most likely still cannot
    const known = failuresOf(outputs);
    const unread = again.failures.filter(({ message }) => known.every((before) => before.message !== message));
    context.emit({ type: 'failures', failures: unread });
    const all = [...failures, ...lacks.failures, ...copies.failures, ...unread];
    return { images, failures: all, signed, recorded, copied };
  },
});
