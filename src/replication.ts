import type { Pattern } from './image/pattern.ts';
import { openReplicator, type ReplicatorParts } from './phases/replication/open-replicator.ts';
import { planReplication } from './phases/replication/plan.ts';
import { replicate } from './phases/replication/replicate.ts';
import { setup, type SetupServices } from './phases/setup.ts';
import { countTraffic } from './phases/reading/traffic.ts';
import type { Context } from './pipeline/phase.ts';
import type { AttachmentRule } from './plan/places/attachments.ts';
import { pipeline } from './pipeline/pipeline.ts';
import { factsOf } from './pipeline/run-facts.ts';
import type { RunReport } from './report/model/report.ts';
import { sourceReader } from './registry/source.ts';
import type { Shard } from './sharding/shard.ts';
import { buildReplicationReport, type ReplicationOutputs } from './report/build/replication.ts';

export type ReplicationRequest = {
  readonly mode: 'dry-run' | 'replicate';
  /** Attachments copied at once. */
  readonly copies: number;
  /** The pattern of the chosen primary registry. */
  readonly primary?: Pattern | undefined;
  /** Which mirrors get no copies. */
  readonly attachments?: readonly AttachmentRule[];
  readonly version: string;
  readonly shard?: Shard | undefined;
};

type ReplicationServices = SetupServices & ReplicatorParts;

/** Replication on one page: loads the manifests, compares the attachments of images, copies what mirrors lack, and reports. */
export async function runReplication(
  request: ReplicationRequest,
  services: ReplicationServices,
  context: Context,
): Promise<RunReport> {
  const { registry } = services;
  const traffic = countTraffic();
  const source = sourceReader(registry, traffic.of);
  const copying = openReplicator(services, source, traffic, context);
  const { primary, attachments } = request;
  const phases = pipeline(setup(services))
    .pipe(planReplication({ registry, source, traffic, attachments, primary }))
    .pipe(replicate({ replicator: copying, traffic, copies: request.copies }));

  let outputs: ReplicationOutputs = {};
  const run = await factsOf(request, context, async (onPhase) => {
    const until = request.mode === 'dry-run' ? 'plan' : 'replicate';
    await phases.run(context, until, (reached) => (outputs = reached), onPhase);
    if (request.mode === 'dry-run') context.emit({ type: 'dry-run-completed', of: 'replication' });
  });
  return buildReplicationReport(run, outputs, traffic.hosts);
}
