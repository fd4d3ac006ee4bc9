import { failureOf, type Failure } from '../../errors.ts';
import type { Clock } from '../../clock.ts';
import { mergeReports } from '../../report/merge/merge.ts';
import { ofLatestRun, type ShardReport } from '../../report/merge/share-problems.ts';
import { summaryEvent } from '../../report/summary-event.ts';
import { auditSummary, auditText } from '../../report/terminal/audit.ts';
import { planText } from '../../report/terminal/plan-text.ts';
import { replicationSummary } from '../../report/terminal/replication-summary.ts';
import { sigcheckSummary, sigcheckTable } from '../../report/terminal/sigcheck-summary.ts';
import { summaryText } from '../../report/terminal/summary.ts';
import { vulnerabilityText } from '../../report/terminal/vulnerabilities.ts';
import type { Recorded } from '../../report/build/document.ts';
import { count } from '../../text/layout.ts';
import type { CommandServices } from '../command.ts';
import type { MergeOptions, ReportSource } from '../options/commands/report.ts';
import { conclude } from '../output/conclude.ts';
import { fitted } from '../output/fitted.ts';
import { publish } from '../output/reports.ts';
import { refuseUnwritable } from '../output/write-report.ts';
import { openConfigured } from '../wiring/open-configured.ts';
import { noReport, sourceReading, type ReadSource, type SourceReading } from './report-sources.ts';

/** Milliseconds between two looks at what is missing: short for a run of minutes, and one request a report. */
const POLL_MS = 5_000;

/** `kpromo report merge`: merges the reports of shards, prints their result as that of one run, and returns its exit code. */
export async function run(options: MergeOptions, services: CommandServices): Promise<number> {
  for (const report of options.reports) await refuseUnwritable(report, options.registries, services);
  const found = await readAll(options, services);
  const reports = found.flatMap(({ read }) => ('report' in read ? [read.report] : []));
  const unread = found.flatMap(({ source, read }) => ('report' in read ? [] : [unusable(source, read)]));
  const merged = mergeReports(reports, unread);
  if (merged === undefined) throw noReport(unread);
  const { document, recorded } = merged;
  print(recorded, services);
  const lost = await publish(document, options, 'error', services);
  const failures = [recorded.run, recorded.check, recorded.audit, recorded.replication].flatMap(
    (report) => report?.failures ?? [],
  );
  conclude({ failures, totals: { pending: 0 } }, { detailedExitcode: false }, services);
  const { exitCode = 1 } = document;
  return exitCode === 0 && lost.length > 0 ? 1 : exitCode;
}

type Found = { readonly source: ReportSource; readonly read: ReadSource };

/** Reads all reports; with --wait, until each is there and of the same run, or the time is over. */
async function readAll(
  { sources, wait, registries: reach }: MergeOptions,
  services: CommandServices,
): Promise<readonly Found[]> {
  const { clock, signal, narrate } = services;
  const { registries } = await openConfigured(reach, services);
  try {
    const read = sourceReading(registries.registry, { signal });
    const end = clock.now() + wait;
    let due = -1;
    for (;;) {
      const found = await readEach(sources, read);
      const { length } = awaited(found);
      if (length === 0 || clock.now() >= end) return found;
      const message = `waiting for ${count(length, 'report')} of ${sources.length}`;
      if (length !== due) narrate({ type: 'log', level: 'info', message });
      due = length;
      await pause(clock, end, signal);
    }
  } finally {
    await registries.close();
  }
}

function pause(clock: Clock, end: number, signal: AbortSignal): Promise<void> {
  return clock.wait(Math.min(POLL_MS, end - clock.now()), signal);
}

async function readEach(sources: readonly ReportSource[], read: SourceReading): Promise<readonly Found[]> {
  const found: Found[] = [];
  // one after the other: each may be large
  for (const source of sources) found.push({ source, read: await read(source) });
  return found;
}

/** Returns the sources that may still get a report: those without one, and those with one of an earlier run. */
function awaited(found: readonly Found[]): readonly Found[] {
  const reports = found.flatMap(({ read }): ShardReport[] => ('report' in read ? [read.report] : []));
  const current = new Set(ofLatestRun(reports));
  return found.filter(({ read }) => ('report' in read ? !current.has(read.report) : !read.isFinal));
}

function unusable({ text }: ReportSource, { reason, hint }: Exclude<ReadSource, { report: ShardReport }>): Failure {
  return failureOf('merge', {
    code: 'SHARD_MISSING',
    message: `${text}: ${reason}`,
    hint: hint ?? 'run the shard again that writes this report, then merge again',
  });
}

/** Prints what one run would have printed. */
function print({ run: promotion, replication, check, audit }: Recorded, { stdout, narrate }: CommandServices): void {
  if (audit !== undefined) {
    stdout.write(fitted(auditText(audit), stdout));
    narrate(summaryEvent(audit, auditSummary(audit)));
  }
  if (check !== undefined) {
    stdout.write(fitted(sigcheckTable(check), stdout));
    narrate(summaryEvent(check, sigcheckSummary(check)));
  }
  if (promotion !== undefined) {
    stdout.write(fitted(vulnerabilityText(promotion.images), stdout));
    if (promotion.run.mode === 'dry-run') stdout.write(fitted(planText(promotion), stdout));
    narrate(summaryEvent(promotion, summaryText(promotion)));
  }
  if (replication !== undefined) narrate(summaryEvent(replication, replicationSummary(replication)));
}
