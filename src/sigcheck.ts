import { check } from './phases/sigcheck/check.ts';
import type { CheckServices } from './phases/sigcheck/check-images.ts';
import { openReplicator, type ReplicatorParts } from './phases/replication/open-replicator.ts';
import { planSigcheck } from './phases/sigcheck/plan.ts';
import type { PlanSigcheckServices } from './phases/sigcheck/plan-services.ts';
import { repair } from './phases/sigcheck/repair.ts';
import { wrongFailures } from './phases/sigcheck/failures.ts';
import { setup, type SetupServices } from './phases/setup.ts';
import type { SigningServices } from './phases/signing/services.ts';
import { countTraffic } from './phases/reading/traffic.ts';
import { view } from './phases/view.ts';
import type { Context } from './pipeline/phase.ts';
import { pipeline } from './pipeline/pipeline.ts';
import { factsOf } from './pipeline/run-facts.ts';
import { sourceReader } from './registry/source.ts';
import type { Shard } from './sharding/shard.ts';
import { buildSigcheckReport, imagesOf, type SigcheckOutputs } from './report/build/sigcheck.ts';
import type { SigcheckReport } from './report/model/sigcheck.ts';

export type SigcheckRequest = Pick<PlanSigcheckServices, 'rules' | 'refs' | 'window' | 'recordsSince' | 'limit'> & {
  readonly mode: 'check' | 'repair';
  readonly version: string;
  readonly shard?: Shard | undefined;
};

export type SigcheckServices = Pick<SetupServices, 'load' | 'primary'> &
  Pick<CheckServices, 'verifier' | 'isExpected'> &
  ReplicatorParts & { readonly signatures: SigningServices };

/** Sigcheck on one page: loads the manifests, selects digests, verifies their attachments, repairs wrong ones, and reports. */
export async function runSigcheck(
  request: SigcheckRequest,
  services: SigcheckServices,
  context: Context,
): Promise<SigcheckReport> {
  const { registry, signatures, load } = services;
  const { concurrency } = signatures;
  const traffic = countTraffic();
  const source = sourceReader(registry, traffic.of);
  const copying = openReplicator(services, source, traffic, context);
  const checking = { ...services, traffic, concurrency };
  const repairing = { ...checking, ...signatures, source, replicator: copying, copies: concurrency };
  const { through, attachments = [] } = request.rules;
  const planned = pipeline(setup({ load, primary: services.primary })).pipe(
    planSigcheck({ ...request, registry, traffic, isSigned: signatures.isSigned }),
  );
  const checked = planned.pipe(check(checking));
  const done = request.mode === 'repair' ? checked.pipe(repair(repairing)) : checked;
  const isRouted = attachments.some(({ route }) => route !== undefined);
  const viewed = through === undefined ? (isRouted ? done.pipe(view(checking)) : done) : planned.pipe(view(checking));

  let outputs: SigcheckOutputs = {};
  const run = await factsOf(request, context, async (onPhase) => {
    await viewed.run(context, 'view', (reached) => (outputs = reached), onPhase);
  });
  const wrong = wrongFailures(imagesOf(outputs));
  context.emit({ type: 'failures', failures: wrong });
  return buildSigcheckReport(run, outputs, wrong, traffic.hosts);
}
