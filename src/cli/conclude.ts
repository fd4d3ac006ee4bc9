import type { RunReport } from '../pipeline/run-report.ts';
import type { CommandServices } from './command.ts';
import { exitCode, stopSignalOf } from './exit-codes.ts';
import { runFailedMessage } from './log.ts';

/** What every report has. */
export type Concluded = Pick<RunReport, 'failures'> & { readonly totals: { readonly pending: number } };

/** Says last what the first problem of a run was, and gives the exit code that its report means. */
export function conclude(
  { failures, totals }: Concluded,
  { detailedExitcode }: { readonly detailedExitcode: boolean },
  { narrate, signal }: Pick<CommandServices, 'narrate' | 'signal'>,
  job?: string,
): number {
  const stopped = stopSignalOf(signal);
  const [first] = failures;
  if (first !== undefined && stopped === undefined) {
    const others =
      failures.length === 1
        ? ''
        : ` (and ${failures.length - 1} more ${failures.length === 2 ? 'problem' : 'problems'})`;
    narrate({ type: 'log', level: 'fatal', message: runFailedMessage(first.phase, `${first.message}${others}`, job) });
  }
  return exitCode({ failures: failures.length, pending: totals.pending, detailed: detailedExitcode, signal: stopped });
}
