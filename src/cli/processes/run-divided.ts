import { PromotionError, type ErrorCode } from '../../errors.ts';
import { documentOf, type Recorded } from '../../report/build/document.ts';
import { mergeReports } from '../../report/merge/merge.ts';
import { isShardReport } from '../../report/merge/share-problems.ts';
import type { ReportDocument } from '../../report/model/schema.ts';
import type { CommandServices } from '../command.ts';
import { stopSignalOf } from '../exit-codes.ts';
import { conclude } from '../output/conclude.ts';
import { isDetailed, reportFactsOf, type Reported } from '../output/reporting.ts';
import { resultFlags } from '../output/result-flags.ts';
import { versionName } from '../version.ts';
import type { ThrownError } from './messages.ts';
import { printReports } from './print-reports.ts';
import { supervise, type LostShare, type ShareEnd } from './supervise.ts';

/**
 * Runs a command in several processes, and prints and reports their work as that of one: returns the exit code. Throws
 * the error of the processes if all of them ended with one, such as an invalid configuration.
 */
export async function runDivided(
  request: Reported,
  argv: readonly string[],
  services: CommandServices,
): Promise<number> {
  const start = services.clock.now();
  const shares = await supervise(argv, request.options.processes, services);
  const errors = shares.flatMap((share) => errorOf(share) ?? []);
  const [first] = errors;
  if (first !== undefined && errors.length === shares.length) throw first;
  const lost = { request, argv, version: await versionName(), start, ms: services.clock.now() - start };
  const documents = shares.map((share) => ('result' in share ? share.result.document : documentOfLost(share, lost)));
  const merged = mergeReports(documents.filter(isShardReport));
  if (merged === undefined) throw new Error('no process made a report');
  const { document, recorded } = merged;
  services.unite?.(document);
  printReports(request, recorded, services);
  const code = conclude(concludedOf(document, recorded), { detailedExitcode: isDetailed(request) }, services);
  // The processes know more about their failures than the report says.
  return stopSignalOf(services.signal) === undefined ? (document.exitCode ?? code) : code;
}

function errorOf(share: ShareEnd): Error | undefined {
  const error = 'result' in share ? share.result.error : undefined;
  return error && thrown(error);
}

function thrown({ code, message, hint, parts = [] }: ThrownError): Error {
  if (code === undefined) return new Error(message);
  return new PromotionError(code as ErrorCode, message, { hint, parts });
}

type Lost = {
  readonly request: Reported;
  readonly argv: readonly string[];
  readonly version: string;
  readonly start: number;
  readonly ms: number;
};

/** Returns the report of a share that is not done. */
function documentOfLost({ shard, lost }: LostShare, { request, argv, version, start, ms }: Lost): ReportDocument {
  const { mode } = reportFactsOf(request, argv);
  const error = new PromotionError('SHARD_MISSING', lost, {
    hint: 'run the same command again; if the processes need more memory than there is, use fewer of them',
  });
  const facts = { version, mode, shard, started: new Date(start).toISOString(), ms };
  return documentOf({ facts, flags: resultFlags(request.kind, argv), exitCode: 1, error });
}

function concludedOf({ totals }: ReportDocument, recorded: Recorded): Parameters<typeof conclude>[0] {
  const { run, replication, check, audit } = recorded;
  const failures = [run, check, audit, replication].flatMap((report) => report?.failures ?? []);
  return { failures, totals: { pending: totals.pending + (totals.signing?.left ?? 0) } };
}
