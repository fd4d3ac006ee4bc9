import type { Failure } from '../errors.ts';
import type { Pattern } from '../image/pattern.ts';
import type { Phase } from '../pipeline/phase.ts';
import { groupsOf, type SignedGroup } from '../plan/replication.ts';
import { onAllMirrors } from '../plan/touched.ts';
import type { AttachedLack } from '../replicas/lack.ts';
import { findLacks, type LackServices } from './find-lacks.ts';
import type { Loaded } from './setup.ts';

export type PlanReplicationServices = LackServices & {
  /** Covers the primary registry, where one is chosen. */
  readonly primary?: Pattern;
};

export type ReplicationPlan = {
  readonly phase: 'plan';
  readonly groups: readonly SignedGroup[];
  readonly lacks: readonly AttachedLack[];
  readonly failures: readonly Failure[];
};

/** Compares what is attached to images on their primary with what their mirrors have: what has to be copied. */
export const planReplication = (services: PlanReplicationServices): Phase<Loaded, ReplicationPlan> => ({
  name: 'plan',
  run: async (loaded, context) => {
    const { sets, diff } = loaded;
    const groups = groupsOf(diff === undefined ? sets : onAllMirrors(sets, diff.all), services.primary);
    const { lacks, failures } = await findLacks(services, groups, context);
    return { phase: 'plan', groups, lacks, failures: [...loaded.failures, ...failures] };
  },
});
