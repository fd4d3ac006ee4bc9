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
 * was stopped. Throws before it runs anything if a report cannot be written.
 */
export async function withReports(
  reporting: Reporting,
  services: CommandServices,
  run: (observed: CommandServices) => Promise<number>,
): Promise<number> {
  const { mode, reports, argv, source, shard, command, registries, detailed } = reporting;
  const { clock, signal } = services;
  for (const report of reports) await refuseUnwritable(report, registries, services);
  const start = clock.now();
  const version = await versionName();
  const { observed, recorded } = observe(services);
  observed.record?.({ context: await reportContext(argv, source, services) });
  const finish = async (exitCode: number, error?: unknown): Promise<number> => {
    const stopped = signal.aborted && { aborted: reasonOf(signal) };
    const facts = { version, mode, shard, started: new Date(start).toISOString(), ms: clock.now() - start, ...stopped };
    // The error of a stopped run is only that it was stopped.
    const thrown = error === undefined || signal.aborted ? {} : { error };
    // The caller logs the error of the run as the last line.
    const level = error === undefined ? 'fatal' : 'error';
    const lost = await publish(
      documentOf({ ...recorded(), facts, flags: resultFlags(command, argv), exitCode, ...thrown }),
      reporting,
      level,
      services,
    );
    return exitCode === 0 && lost.length > 0 ? errorExitCode(lost, detailed, signal) : exitCode;
  };
  let code: number;
  try {
    code = await run(observed);
  } catch (error) {
    await finish(errorExitCode([error], detailed, signal), error);
    throw error;
  }
  return finish(code);
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}

type Observed = { readonly observed: CommandServices; recorded(): Omit<Recorded, 'facts'> };

function observe(services: CommandServices): Observed {
  let rates: Parameters<NonNullable<CommandServices['onRates']>>[0] = () => [];
  let recorded: Omit<Recorded, 'facts'> = {};
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
  };
  return { observed, recorded: () => ({ ...recorded, traffic: traffic.series() }) };
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
