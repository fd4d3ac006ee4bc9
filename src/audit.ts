import { applyBaseline } from './baseline/apply.ts';
import type { KnownDrift } from './baseline/rules.ts';
import { audit } from './phases/audit.ts';
import type { AuditServices } from './phases/audit/services.ts';
import { setup, type SetupServices } from './phases/setup.ts';
import { countTraffic } from './phases/reading/traffic.ts';
import type { Context } from './pipeline/phase.ts';
import { pipeline } from './pipeline/pipeline.ts';
import { factsOf } from './pipeline/run-facts.ts';
import type { Shard } from './sharding/shard.ts';
import { buildAuditReport, type AuditOutputs } from './report/build/audit.ts';
import type { AuditReport } from './report/model/audit.ts';

export type AuditRequest = Omit<AuditServices, 'registry' | 'traffic' | 'removed'> & {
  readonly version: string;
  readonly shard?: Shard | undefined;
  /** The differences that are known; undefined without a baseline. */
  readonly baseline: readonly KnownDrift[] | undefined;
};

export type AuditRunServices = SetupServices & Pick<AuditServices, 'registry' | 'removed'>;

/** An audit, and its differences with the entries of the baseline that accept them. */
export type AuditResult = {
  readonly report: AuditReport;
  readonly compared: Pick<ReturnType<typeof compare>, 'drift'>;
};

/** Audit on one page: loads the manifests, compares production with them, leaves out what is known, and reports. */
export async function runAudit(
  request: AuditRequest,
  services: AuditRunServices,
  context: Context,
): Promise<AuditResult> {
  const traffic = countTraffic();
  const { version, shard, baseline, ...wishes } = request;
  const phases = pipeline(setup(services)).pipe(audit({ ...wishes, ...services, traffic }));

  let outputs: AuditOutputs = {};
  const run = await factsOf({ version, shard, mode: 'audit' }, context, async (onPhase) => {
    await phases.run(context, 'audit', (reached) => (outputs = reached), onPhase);
  });
  const compared = compare(outputs, baseline, context);
  return { report: buildAuditReport(run, outputs, compared, traffic.hosts), compared };
}

function compare({ loaded, audit: audited }: AuditOutputs, baseline: AuditRequest['baseline'], { clock }: Context) {
  const today = new Date(clock.now()).toISOString().slice(0, 10);
  const { drift, idle } = applyBaseline(audited?.drift ?? [], baseline ?? [], today);
  const told = idle.map(({ at, ...entry }) => ({ ...entry, file: at.file, line: at.line }));
  // entries may match parts that were not compared
  const isWhole = loaded?.diff === undefined && audited !== undefined && audited.failures.length === 0;
  return { drift, idle: baseline === undefined ? undefined : told.filter(({ why }) => isWhole || why === 'expired') };
}
