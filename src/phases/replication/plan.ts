import type { Failure } from '../../errors.ts';
import type { Pattern } from '../../image/pattern.ts';
import type { Phase } from '../../pipeline/phase.ts';
import { routedPrimaries, type AttachmentRule } from '../../plan/places/attachments.ts';
import { groupsOf, type SignedGroup } from '../../plan/replication.ts';
import { onAllMirrors } from '../../plan/touched.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import { findLacks, type LackServices } from './find-lacks.ts';
import type { Loaded } from '../setup.ts';
import { unlistedFailures, withoutLists } from '../reading/without-lists.ts';

type PlanReplicationServices = LackServices & {
  /** The pattern of the chosen primary registry. */
  readonly primary?: Pattern | undefined;
  /** Which mirrors get no copies. Default: all get them. */
  readonly attachments?: readonly AttachmentRule[] | undefined;
};

export type ReplicationPlan = {
  readonly groups: readonly SignedGroup[];
  readonly lacks: readonly AttachedLack[];
  readonly failures: readonly Failure[];
};

/** Compares the attachments of images on their primary with those on the mirrors, and plans the copies. */
export const planReplication = (
  services: PlanReplicationServices,
): Phase<{ readonly loaded: Loaded }, 'plan', ReplicationPlan> => ({
  name: 'plan',
  gives: 'plan',
  run: async ({ loaded: { sets, diff } }, context) => {
    const { primary, attachments } = services;
    const wanted = diff === undefined ? sets : onAllMirrors(sets, diff.all);
    const all = groupsOf(wanted, primary, attachments);
    const routed = routedPrimaries(wanted, primary, attachments);
    const places = all.flatMap(({ primary: repository, images: [first] }) =>
      first !== undefined && routed.has(repository) ? [{ repository, digest: first.digest }] : [],
    );
    const unlistedOf = await withoutLists(services, places, context);
    const unlisted = unlistedFailures([...routed], unlistedOf);
    context.emit({ type: 'failures', failures: unlisted });
    const groups = all.filter((group) => !routed.has(group.primary) || unlistedOf(group.primary) === undefined);
    const { lacks, failures } = await findLacks(services, groups, context);
    return { groups, lacks, failures: [...unlisted, ...failures] };
  },
});
