import { failureOf, isPromotionError, type Failure } from '../../errors.ts';
import { causesOf } from '../../pipeline/causes.ts';
import type { ImageReport, RunReport, TargetReport, Totals } from '../model/report.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';
import type { TrafficSeries } from '../../pipeline/timeline.ts';
import { placesOf } from '../model/places.ts';
import type { ReportDocument, ReportedImage, ReportedProblem, ReportedTarget } from '../model/schema.ts';
import { mirrorOf } from '../mirrors.ts';
import { auditSummary, auditText } from '../terminal/audit.ts';
import { planText } from '../terminal/plan-text.ts';
import { replicationSummary } from '../terminal/replication-summary.ts';
import { sigcheckSummary, sigcheckTable } from '../terminal/sigcheck-summary.ts';
import { summaryText } from '../terminal/summary.ts';
import type { AuditReport } from '../model/audit.ts';
import type { SigcheckReport, SigcheckTotals } from '../model/sigcheck.ts';
import { stoppedProblem } from '../stopped.ts';

/** The result of a run when it ended: the reports of its workflows, or the error that ended it. */
export type Recorded = {
  /** Known even if the run has no report. */
  readonly facts: RunFacts;
  readonly run?: RunReport;
  /** The replication after a promotion. */
  readonly replication?: RunReport;
  readonly check?: SigcheckReport;
  readonly audit?: AuditReport;
  readonly traffic?: TrafficSeries;
  /** Facts about the command: its command line, files, signer and job. */
  readonly context?: Omit<ReportDocument['context'], 'primary'>;
  /** Of a run with --shard: the flags that change the result, and the digest of the tree once it was read. */
  readonly flags?: readonly string[];
  readonly tree?: string | undefined;
  /** The exit code of the command. */
  readonly exitCode?: number;
  /** The error that ended the run, if it threw one. */
  readonly error?: unknown;
};

const NOTHING: Totals = {
  images: 0,
  repositories: 0,
  present: 0,
  pending: 0,
  copied: 0,
  tagged: 0,
  failed: 0,
  unknown: 0,
  promoted: 0,
  requests: 0,
  bytes: 0,
  sourceReads: 0,
};

/** Builds the document that every report file is rendered from. */
export function documentOf(recorded: Recorded): ReportDocument {
  const { run, replication, check, audit, traffic, error } = recorded;
  const all = [run, check, audit, replication].filter((report) => report !== undefined);
  const facts = all[0]?.run ?? recorded.facts;
  const aborted = all.find((report) => report.run.aborted !== undefined)?.run.aborted ?? recorded.facts.aborted;
  const failed = all.flatMap((report) => report.failures);
  const failures = problemsOf(failed, { ...facts, ...(aborted !== undefined && { aborted }) }, error);
  const main = run ?? replication;
  const totals = main?.totals ?? otherTotals(recorded);
  const copies = main === replication ? undefined : replication;
  return {
    version: 2,
    kpromo: facts.version,
    context: contextOf(recorded.context, run),
    shard: shardOf(recorded),
    mode: facts.mode,
    outcome: outcomeOf(failures.length, totals, aborted),
    exitCode: recorded.exitCode,
    started: facts.started,
    ms: Math.max(facts.ms, recorded.facts.ms),
    aborted,
    phases: phasesOf(all, facts),
    attached: main !== undefined && main === replication ? true : undefined,
    tagsLast: run?.run.tagsLast,
    totals,
    failures,
    ...warningsOf(run),
    text: textOf(recorded),
    images: imagesOf(run, replication),
    replication: copies?.totals,
    check: check && checkOf(check),
    audit: audit && auditOf(audit),
    inventory: run?.inventory,
    change: run?.change,
    registries: registriesOf([run, replication], traffic),
    ...(traffic !== undefined && { traffic: { ...traffic, start: traffic.start - Date.parse(facts.started) } }),
  };
}

function shardOf({ facts, context, tree, flags = [] }: Recorded): ReportDocument['shard'] {
  const { shard, version } = facts;
  return shard && { ...shard, commit: context?.commit, tree, version, flags };
}

function warningsOf(run: RunReport | undefined): Pick<ReportDocument, 'warnings'> {
  return run?.warnings === undefined ? {} : { warnings: numbered(run.warnings) };
}

function textOf({ run, replication, check, audit }: Recorded): string {
  if (audit !== undefined) return `${auditText(audit)}${auditSummary(audit)}`;
  const copied = replication === undefined ? '' : replicationSummary(replication);
  if (run?.run.mode === 'dry-run') return `${planText(run)}${copied}`;
  if (run !== undefined) return `${summaryText(run)}${copied}`.trimStart();
  return (check === undefined ? copied : `${sigcheckTable(check)}${sigcheckSummary(check)}`).trimStart();
}

function outcomeOf(failures: number, { pending, signing }: Totals, aborted?: string): ReportDocument['outcome'] {
  if (aborted !== undefined) return 'stopped';
  if (failures > 0) return 'failed';
  return pending + (signing?.left ?? 0) > 0 ? 'pending' : 'done';
}

/** Returns the phases of all reports, with times relative to the first report. A phase that runs again appears once. */
function phasesOf(all: readonly { readonly run: RunFacts }[], facts: RunFacts): ReportDocument['phases'] {
  return all.flatMap(({ run }) => {
    const later = Date.parse(run.started) - Date.parse(facts.started);
    return (run.phases ?? []).map((phase) => ({ ...phase, start: phase.start + later }));
  });
}

type CodedFailure = Omit<Failure, 'code'> & { readonly code: string };

/** Returns all problems with the number of their cause. A stop is one problem, even if several reports contain it. */
function problemsOf(failures: readonly Failure[], facts: RunFacts, error: unknown): ReportedProblem[] {
  const stop = failures.find(({ code }) => code === 'ABORTED');
  const others = failures.filter(({ code }) => code !== 'ABORTED');
  const stopped = stop === undefined ? stoppedProblem(facts, []) : [stop];
  return numbered([...stopped, ...others, ...thrown(error)]);
}

function numbered(failures: readonly CodedFailure[]): ReportedProblem[] {
  return causesOf(failures).flatMap(({ failures: alike }, index) => alike.map((one) => problemOf(one, index + 1)));
}

function problemOf({ at, places, ...failure }: CodedFailure, cause: number): ReportedProblem {
  return { ...failure, ...placesOf(places), cause, file: at?.file, line: at?.line, column: at?.column };
}

function thrown(error: unknown): CodedFailure[] {
  if (error === undefined) return [];
  if (isPromotionError(error)) return [failureOf('run', error)];
  return [{ phase: 'run', code: 'INTERNAL', message: messageOf(error) }];
}

/** Completes the context with the primary registries of the images. */
function contextOf(context: Recorded['context'] = {}, run: RunReport | undefined): ReportDocument['context'] {
  const primaries = (run?.images ?? []).flatMap(({ name, signature }) =>
    signature === undefined ? [] : [mirrorOf(`${signature.repository}@`, name)],
  );
  const primary = [...new Set(primaries)].toSorted();
  return { ...context, primary: primary.length > 0 ? primary : undefined };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function imagesOf(run: RunReport | undefined, replication: RunReport | undefined): ReportedImage[] {
  const copies = (replication?.images ?? []).map((image) => ({ ...imageOf(image), attached: true as const }));
  return [...(run?.images ?? []).map(imageOf), ...copies];
}

function imageOf(image: ImageReport): ReportedImage {
  return { ...image, targets: image.targets.map((target) => targetOf(target, image.name)) };
}

function targetOf(target: TargetReport, name: string): ReportedTarget {
  return { mirror: mirrorOf(target.ref, name), ...target };
}

function registriesOf(
  reports: readonly (RunReport | undefined)[],
  traffic: TrafficSeries | undefined,
): ReportDocument['registries'] {
  const all = new Map<string, RunReport['registries'][number]>();
  for (const registry of reports.flatMap((report) => report?.registries ?? [])) {
    const known = all.get(registry.host);
    all.set(registry.host, known === undefined ? registry : sum(known, registry));
  }
  for (const { host, requests } of traffic?.hosts ?? []) {
    if (host === '' || all.has(host)) continue;
    const sent = requests.reduce((total, one) => total + one, 0);
    all.set(host, { host, repositories: 0, failed: 0, unread: 0, requests: sent, bytes: 0 });
  }
  return [...all.values()].toSorted((a, b) => (a.host < b.host ? -1 : 1));
}

function sum(a: RunReport['registries'][number], b: RunReport['registries'][number]): RunReport['registries'][number] {
  return {
    host: a.host,
    repositories: Math.max(a.repositories, b.repositories),
    failed: a.failed + b.failed,
    unread: a.unread + b.unread,
    requests: a.requests + b.requests,
    bytes: a.bytes + b.bytes,
  };
}

function otherTotals({ check, audit }: Recorded): Totals {
  if (check !== undefined) return checkedTotals(check.totals);
  if (audit === undefined) return NOTHING;
  const { known: _known, ...totals } = audit.totals;
  return { ...NOTHING, ...totals };
}

function checkedTotals({ digests, pending, copied, requests, bytes }: SigcheckTotals): Totals {
  return { ...NOTHING, images: digests, pending, copied, requests, bytes };
}

function checkOf({ rows, totals, view }: SigcheckReport): NonNullable<ReportDocument['check']> {
  const { digests, signed, recorded, beyond, signatures, records } = totals;
  const repaired = { ...(signed > 0 && { signed }), ...(recorded > 0 && { recorded }) };
  return { digests, ...repaired, beyond, signatures, records, findings: rows, view };
}

function auditOf({
  images,
  repositories,
  findings,
  notes,
  baseline,
}: AuditReport): NonNullable<ReportDocument['audit']> {
  return { images, repositories, findings, notes, ...(baseline !== undefined && { baseline }) };
}
