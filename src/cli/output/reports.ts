import { isPromotionError } from '../../errors.ts';
import type { LogLevel } from '../../events.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import { documentOf, type Recorded } from '../../report/build/document.ts';
import { recordTraffic } from '../../report/build/traffic-series.ts';
import type { CommandServices } from '../command.ts';
import { errorExitCode } from '../exit-codes.ts';
import { versionName } from '../version.ts';
import { addStepSummary, annotations } from './github.ts';
import { resultFlags } from './result-flags.ts';
import { reportContext } from './report-context.ts';
import { isGitHubActions, type Reporting } from './reporting.ts';
import { refuseUnwritable, writeReport } from './write-report.ts';

/**
 * Runs a command, then writes the requested reports and the output for GitHub Actions, also if the command failed or
 * was stopped. Throws USAGE before it runs anything if a report file cannot be written.
 */
export async function withReports(
  reporting: Reporting,
  services: CommandServices,
  run: (observed: CommandServices) => Promise<number>,
): Promise<number> {
  const { reports, registries, detailed } = reporting;
  for (const report of reports) await refuseUnwritable(report, registries, services);
  const { document, ...ended } = await documented(reporting, services, run);
  // The caller logs the error of the run as the last line.
  const level = 'error' in ended ? 'error' : 'fatal';
  const lost = await publish(document, reporting, level, services);
  if ('error' in ended) throw ended.error;
  return ended.code === 0 && lost.length > 0 ? errorExitCode(lost, detailed, services.signal) : ended.code;
}

/** A run with its document: it ended with an exit code, or threw an error. */
type Documented = { readonly document: ReportDocument } & ({ readonly code: number } | { readonly error: unknown });

/** Runs a command and returns the document of its report. */
export async function documented(
  { mode, argv, source, shard, command, detailed }: Reporting,
  services: CommandServices,
  run: (observed: CommandServices) => Promise<number>,
): Promise<Documented> {
  const { clock, signal } = services;
  const start = clock.now();
  const version = await versionName();
  const { observed, recorded, united } = observe(services);
  observed.record?.({ context: await reportContext(argv, source, services) });
  const finish = (exitCode: number, error?: unknown): ReportDocument => {
    const stopped = signal.aborted && { aborted: reasonOf(signal) };
    const facts = { version, mode, shard, started: new Date(start).toISOString(), ms: clock.now() - start, ...stopped };
    // The error of a stopped run is only that it was stopped.
    const thrown = error === undefined || signal.aborted ? {} : { error };
    const flags = resultFlags(command, argv);
    return united() ?? documentOf({ ...recorded(), facts, flags, exitCode, ...thrown });
  };
  try {
    const code = await run(observed);
    return { document: finish(code), code };
  } catch (error) {
    return { document: finish(errorExitCode([error], detailed, signal), error), error };
  }
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}

type Observed = {
  readonly observed: CommandServices;
  recorded(): Omit<Recorded, 'facts'>;
  /** The document of a run of several processes. */
  united(): ReportDocument | undefined;
};

function observe(services: CommandServices): Observed {
  let rates: Parameters<NonNullable<CommandServices['onRates']>>[0] = () => [];
  let recorded: Omit<Recorded, 'facts'> = {};
  let united: ReportDocument | undefined;
  const traffic = recordTraffic(services.clock, () => rates());
  const observed: CommandServices = {
    ...services,
    narrate: (event) => {
      traffic.narrate(event);
      services.narrate(event);
    },
    onRates: (readings) => {
      rates = readings;
      services.onRates?.(readings);
    },
    record: (part) => {
      recorded = { ...recorded, ...part, context: { ...recorded.context, ...part.context } };
      services.record?.(part);
    },
    unite: (document) => (united = document),
  };
  return { observed, recorded: () => ({ ...recorded, traffic: traffic.series() }), united: () => united };
}

/** Writes all reports that can be written; returns the errors of the others. */
export async function publish(
  document: ReportDocument,
  { reports, registries }: Pick<Reporting, 'reports' | 'registries'>,
  level: LogLevel,
  services: CommandServices,
): Promise<readonly unknown[]> {
  const { env, stdout, narrate } = services;
  const lost: unknown[] = [];
  for (const report of reports) {
    try {
      await writeReport(document, report, registries, services);
    } catch (error) {
      lost.push(error);
      const reason = error instanceof Error ? error.message : String(error);
      const { code, hint } = isPromotionError(error) ? error : {};
      const message = `writing the report ${report.path} failed: ${reason}${hint === undefined ? '' : `; ${hint}`}`;
      narrate({ type: 'log', level, message, ...(code !== undefined && { fields: { code } }) });
    }
  }
  if (isGitHubActions(env)) {
    const warnings = (document.warnings ?? []).map((one) => ({
      ...one,
      severity: one.inBase === true ? ('notice' as const) : ('warning' as const),
    }));
    stdout.write(annotations([...document.failures, ...warnings], env, process.cwd()));
    await addStepSummary(document, services);
  }
  return lost;
}
