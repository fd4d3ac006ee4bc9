import type { LogLevel } from '../../events.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import { documentOf, type Recorded } from '../../report/build/document.ts';
import { recordTraffic } from '../../report/build/traffic-series.ts';
import { unwritable, writeAtomically } from './atomic-file.ts';
import type { CommandServices } from '../command.ts';
import { versionName } from '../version.ts';
import { addStepSummary, annotations } from './github.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import { resultFlags } from './result-flags.ts';
import { reportContext } from './report-context.ts';
import type { ReportFile } from '../options/reports.ts';
import { isGitHubActions, type Reporting } from './reporting.ts';

/**
 * Runs a command, then writes the requested reports and the output for GitHub Actions, also if the command failed or
 * was stopped. Throws USAGE before it runs anything if a report file cannot be written.
 */
export async function withReports(
  { mode, reports, argv, source, shard, command }: Reporting,
  services: CommandServices,
  run: (observed: CommandServices) => Promise<number>,
): Promise<number> {
  const { clock, signal } = services;
  for (const { path } of reports) await refuseUnwritable(path);
  const start = clock.now();
  const version = await versionName();
  const { observed, recorded } = observe(services);
  observed.record?.({ context: await reportContext(argv, source, services) });
  const finish = async (error?: unknown): Promise<boolean> => {
    const stopped = signal.aborted && { aborted: reasonOf(signal) };
    const facts = { version, mode, shard, started: new Date(start).toISOString(), ms: clock.now() - start, ...stopped };
    // The error of a stopped run is only that it was stopped.
    const thrown = error === undefined || signal.aborted ? {} : { error };
    // The caller logs the error of the run as the last line.
    const level = error === undefined ? 'fatal' : 'error';
    return publish(
      documentOf({ ...recorded(), facts, flags: resultFlags(command, argv), ...thrown }),
      { reports, level },
      services,
    );
  };
  let code: number;
  try {
    code = await run(observed);
  } catch (error) {
    await finish(error);
    throw error;
  }
  return (await finish()) || code !== 0 ? code : 1;
}

async function refuseUnwritable(path: string): Promise<void> {
  const reason = await unwritable(path);
  if (reason === undefined) return;
  throw usage(`--report ${goQuote(path)} ${reason}`, 'use a file in an existing, writable folder');
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

/** Writes all reports that can be written; returns false if one could not. */
async function publish(
  document: ReportDocument,
  { reports, level }: { readonly reports: readonly ReportFile[]; readonly level: LogLevel },
  services: CommandServices,
): Promise<boolean> {
  const { env, stdout, narrate, secrets } = services;
  let isWritten = true;
  for (const { path, format } of reports) {
    try {
      await writeAtomically(path, secrets.hide((await format.load())(document)));
    } catch (error) {
      isWritten = false;
      const reason = error instanceof Error ? error.message : String(error);
      narrate({ type: 'log', level, message: `writing the report ${path} failed: ${reason}` });
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
  return isWritten;
}
