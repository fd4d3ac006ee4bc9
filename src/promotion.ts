import { evidenceReader, type EvidenceServices } from './attest/evidence/reader.ts';
import type { Context } from './pipeline/phase.ts';
import type { RunReport } from './report/model/report.ts';
import { factsOf, type RunFacts } from './pipeline/run-facts.ts';
import { pipeline, type Pipeline } from './pipeline/pipeline.ts';
import { attest } from './phases/attest.ts';
import { noScan } from './phases/scan/no-scan.ts';
import { openReplicator, type ReplicatorParts } from './phases/replication/open-replicator.ts';
import { plan } from './phases/plan.ts';
import { promote } from './phases/promote.ts';
import { proveLater } from './phases/signing/prove-later.ts';
import { provenance, type ProvenanceServices } from './phases/provenance.ts';
import { scanGate, type ScanGateServices, type ScanServices } from './phases/scan/scan-gate.ts';
import { setup, type SetupServices } from './phases/setup.ts';
import { sign } from './phases/sign.ts';
import type { SigningServices, VouchServices } from './phases/signing/services.ts';
import type { CandidateServices } from './phases/plan/candidate-services.ts';
import { tag, type TagServices } from './phases/tag.ts';
import { countTraffic, type Traffic } from './phases/reading/traffic.ts';
import { validate, type Gate } from './phases/validate.ts';
import { copier } from './registry/copying/copier.ts';
import type { Registry, Pause } from './registry/roles.ts';
import { sourceReader } from './registry/source.ts';
import { withRepairTimes } from './report/terminal/repairable.ts';
import type { Outputs } from './report/outputs.ts';
import { buildReport } from './report/build/promotion.ts';

export type PromotionRequest = {
  readonly mode: Exclude<RunFacts['mode'], 'replicate' | 'check' | 'repair'>;
  /** Source digests in work at once. */
  readonly threads: number;
  /** Milliseconds after its upload at which staging deletes an image, if it does. */
  readonly stagingRetention?: number | undefined;
  readonly version: string;
};

export type PromotionServices = SetupServices & {
  readonly registry: Registry;
  readonly pause: Pause;
  /** Who is trusted to have signed what is in staging, who is known, and whose scans count. */
  readonly trust: Pick<EvidenceServices, 'verifier'> &
    Pick<ProvenanceServices, 'isExpected' | 'looks'> &
    Pick<ScanGateServices, 'isBelieved'>;
  /** Who looks for vulnerabilities; nobody unless given. */
  readonly scanning?: ScanServices | undefined;
  /** What else an image must pass; nothing unless given. */
  readonly gates?: readonly Gate[];
  /** Signs and records what is promoted; nothing is signed unless given. */
  readonly signatures?: (CandidateServices & SigningServices & VouchServices) | undefined;
  /** Tags are written when what they name is signed, and its mirrors have the signatures; at once unless given. */
  readonly tagsLast?:
    | (Omit<ReplicatorParts, 'registry' | 'pause'> &
        Pick<TagServices, 'hasCopies'> & {
          /** What is copied to mirrors at once. */
          readonly copies: number;
        })
    | undefined;
};

/** Where each kind of run stops; a dry run holds no phase that could write. */
const STOP_AFTER = { parse: 'setup', 'dry-run': 'validate', promote: 'tag' } as const;

/** The engine on one page: loads the manifests, finds what is missing, looks at who built and signed it, brings it there, signs and records it, and reports. */
export async function runPromotion(
  request: PromotionRequest,
  services: PromotionServices,
  context: Context,
): Promise<RunReport> {
  const traffic = countTraffic();
  const phases = phasesOf(request, services, { traffic, context });
  let outputs: Outputs = {};
  const run = await factsOf(request, context, async (onPhase) => {
    await phases.run(context, STOP_AFTER[request.mode], (reached) => (outputs = reached), onPhase);
    if (request.mode === 'dry-run' && outputs.validation !== undefined)
      context.emit({ type: 'dry-run-completed', of: 'promotion' });
  });
  const since = services.signatures?.rules.since;
  const times = { now: context.clock.now(), since, retention: request.stagingRetention };
  const facts = { ...run, tagsLast: services.tagsLast === undefined ? undefined : (true as const) };
  return withRepairTimes(buildReport(facts, outputs, traffic.hosts), outputs, times);
}

/** The phases in their order; those of signing only where the run signs, and that of the tags only where they are last. */
function phasesOf(
  { mode, threads }: PromotionRequest,
  { registry, pause, signatures, trust, scanning, gates = [], tagsLast, ...services }: PromotionServices,
  { traffic, context }: { readonly traffic: Traffic; readonly context: Context },
): Pick<Pipeline<Required<Outputs>>, 'run'> {
  const destination = mode === 'promote' ? 'written' : 'compared';
  const source = sourceReader(registry, traffic.of);
  const reading = { registry, manifestOf: source.manifest, listed: source.listed, meterOf: traffic.of };
  const evidence = evidenceReader({ ...reading, ...trust });
  const scan = scanning === undefined ? noScan() : scanGate({ ...scanning, ...trust, evidence, source });
  const proving = { evidence, ...trust };
  const copying = copier({ registry, source, pause, clock: context.clock, meterOf: traffic.of });
  const writing = { traffic, threads, copier: copying };
  const promoting = pipeline(setup(services))
    .pipe(plan({ registry, source, traffic, destination, candidates: signatures }))
    .pipe(provenance(proving))
    .pipe(validate({ gates: [...gates, scan], threads }))
    .pipe(promote({ ...signatures, ...writing, tagsLast: signatures && tagsLast !== undefined }));
  if (signatures === undefined) return promoting;
  const attesting = promoting
    .pipe(sign({ ...signatures, traffic }))
    .pipe(attest({ ...signatures, traffic, prove: proveLater(proving, source) }));
  if (tagsLast === undefined) return attesting;
  const replicator = openReplicator({ registry, pause, ...tagsLast }, source, traffic, context);
  return attesting.pipe(tag({ ...tagsLast, ...writing, registry, source, replicator }));
}
