import { evidenceReader, type EvidenceServices } from './attest/evidence/reader.ts';
import type { Context } from './pipeline/phase.ts';
import type { RunReport } from './report/model/report.ts';
import { factsOf, type RunFacts } from './pipeline/run-facts.ts';
import { pipeline, type Pipeline } from './pipeline/pipeline.ts';
import { attest } from './phases/attest.ts';
import { noScan } from './phases/scan/no-scan.ts';
import { openReplicator, type ReplicatorParts } from './phases/replication/open-replicator.ts';
import { plan } from './phases/plan.ts';
import { entriesAfter, type InventoryCache } from './phases/plan/inventory-cache.ts';
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
import type { Shard } from './sharding/shard.ts';
import { sourceReader } from './registry/source.ts';
import { withRepairTimes } from './report/terminal/repairable.ts';
import type { Outputs } from './report/outputs.ts';
import { buildReport } from './report/build/promotion.ts';

export type PromotionRequest = {
  readonly mode: Exclude<RunFacts['mode'], 'replicate' | 'check' | 'repair' | 'audit'>;
  /** Source digests in work at once. */
  readonly threads: number;
  /** Milliseconds after its upload at which staging deletes an image, if it does. */
  readonly stagingRetention?: number | undefined;
  readonly version: string;
  readonly shard?: Shard | undefined;
};

export type PromotionServices = SetupServices & {
  readonly registry: Registry;
  readonly pause: Pause;
  /** The trusted signers of staging, the known signers, and the signers whose scans count. */
  readonly trust: Pick<EvidenceServices, 'verifier'> &
    Pick<ProvenanceServices, 'isExpected' | 'looks'> &
    Pick<ScanGateServices, 'isBelieved'>;
  /** The scanners to use. Default: none. */
  readonly scanning?: ScanServices | undefined;
  /** Other gates that an image must pass. Default: none. */
  readonly gates?: readonly Gate[];
  /** What earlier runs found out about destinations. Default: nothing. */
  readonly inventory?: InventoryCache | undefined;
  /** Signs and records promoted images. Default: nothing is signed. */
  readonly signatures?: (CandidateServices & SigningServices & VouchServices) | undefined;
  /** If given, tags are written after the image is signed and its mirrors have the signatures. Default: at once. */
  readonly tagsLast?:
    | (Omit<ReplicatorParts, 'registry' | 'pause'> &
        Pick<TagServices, 'hasCopies'> & {
          /** Attachments copied to mirrors at once. */
          readonly copies: number;
        })
    | undefined;
};

/** The last phase of each kind of run; a dry run stops before the first phase that writes. */
const STOP_AFTER = { parse: 'setup', 'dry-run': 'validate', promote: 'tag' } as const;

/** Promotion on one page: loads the manifests, finds missing images, checks who built and signed them, copies, signs and records them, and reports. */
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
  if (outputs.plan?.inventory) await services.inventory?.keep(entriesAfter(outputs.plan.inventory, outputs));
  const since = services.signatures?.rules.since;
  const times = { now: context.clock.now(), since, retention: request.stagingRetention };
  const facts = { ...run, tagsLast: services.tagsLast === undefined ? undefined : (true as const) };
  return withRepairTimes(buildReport(facts, outputs, traffic.hosts), outputs, times);
}

/** Returns the phases in order; those of signing only if the run signs, and that of tags only if they are last. */
function phasesOf(
  { mode, threads }: PromotionRequest,
  { registry, pause, inventory, signatures, trust, scanning, gates = [], tagsLast, ...services }: PromotionServices,
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
    .pipe(plan({ registry, source, traffic, destination, inventory, candidates: signatures }))
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
