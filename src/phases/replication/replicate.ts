import pLimit from 'p-limit';
import { failureOf, type Failure } from '../../errors.ts';
import type { Context, Phase } from '../../pipeline/phase.ts';
import type { Replicated, Replicator } from '../../mirroring/replicator.ts';
import type { AttachedLack } from '../../mirroring/lack.ts';
import { emitDefect } from '../caught.ts';
import type { ReplicationPlan } from './plan.ts';
import { progressOf } from '../reading/progress.ts';
import { replicationFailures, attachmentCopied } from './results.ts';
import type { Traffic } from '../reading/traffic.ts';

export type ReplicateServices = {
  readonly replicator: Replicator;
  readonly traffic: Traffic;
  /** Attachments copied at once. */
  readonly copies: number;
};

/** The results of the planned copies. */
export type Replication = {
  readonly replicated: readonly Replicated[];
  readonly failures: readonly Failure[];
};

/** Copies to every mirror the attachments that it lacks; those of an index come last. */
export const replicate = (
  services: ReplicateServices,
): Phase<{ readonly plan: ReplicationPlan }, 'replication', Replication> => ({
  name: 'replicate',
  gives: 'replication',
  run: ({ plan }, context) => copyLacks(services, plan.lacks, context),
});

/** Copies the lacking attachments, and emits the results. */
export async function copyLacks(
  services: ReplicateServices,
  lacks: readonly AttachedLack[],
  context: Context,
): Promise<Replication> {
  const total = lacks.reduce((sum, { mirrors }) => sum + mirrors.length, 0);
  context.emit({ type: 'copies-planned', copies: total });
  const first = lacks.filter(({ last }) => !last);
  const later = lacks.filter(({ last }) => last);
  const replicated = [...(await copyAll(services, first, context)), ...(await copyAll(services, later, context))];
  const lost = await services.replicator.settle(context.signal);
  const failures = [...replicated.flatMap(replicationFailures), ...lost.map((error) => failureOf('replicate', error))];
  context.emit({ type: 'failures', failures });
  return { replicated, failures };
}

/** Copies the lacking attachments. Emits the results of one image when mirrors list all of them. */
async function copyAll(
  { replicator, traffic, copies }: ReplicateServices,
  lacks: readonly AttachedLack[],
  context: Context,
): Promise<Replicated[]> {
  const slots = pLimit(copies);
  const { signal } = context;
  const advance = progressOf('copies', lacks.length, context);
  let failed = 0;
  const finish = (replicated: Replicated): void => {
    for (const { repository, meter } of replicated.results) traffic.add(repository, meter);
    context.emit(attachmentCopied(replicated));
    for (const { error } of replicated.results) emitDefect(error, context);
    if (replicated.results.some(({ error }) => error !== undefined)) failed += 1;
    advance(failed);
  };
  const copyImage = async (ofImage: readonly AttachedLack[]): Promise<readonly Replicated[]> => {
    const batch = replicator.batch();
    const copied = await Promise.all(ofImage.map((lack) => slots(() => replicator.copy(lack, batch, signal))));
    const listed = await slots(() => replicator.list(copied, batch, signal));
    for (const replicated of listed) finish(replicated);
    return listed;
  };
  const images = Map.groupBy(lacks, ({ primary, subject }) => `${primary}@${subject}`);
  return (await Promise.all([...images.values()].map(copyImage))).flat();
}
