import type { Failure } from '../../errors.ts';
import { failureFields } from '../../watch/log-lines/failures.ts';
import { causesOf } from '../../pipeline/causes.ts';
import type { RunReport } from '../../report/model/report.ts';
import { count } from '../../text/layout.ts';
import type { CommandServices } from '../command.ts';
import { exitCode, stopSignalOf } from '../exit-codes.ts';
import { runFailedMessage } from './log.ts';

/** The fields that all reports have. */
type Concluded = Pick<RunReport, 'failures'> & { readonly totals: { readonly pending: number } };

/** `showsPending`: whether pending changes have an exit code of their own. Default: with --detailed-exitcode. */
type Concluding = { readonly detailedExitcode: boolean; readonly showsPending?: boolean };

function reasonOf({ message, at, hint }: Failure, more: number): string {
  const place = at === undefined ? '' : ` [${at.file}:${at.line}:${at.column}]`;
  const others = more === 0 ? '' : ` (and ${count(more, 'more problem')})`;
  return `${message}${place}${others}${hint === undefined || hint === '' ? '' : `; ${hint}`}`;
}

/** Logs the first problem of a run as the last line, and returns the exit code. */
export function conclude(
  { failures, totals }: Concluded,
  { detailedExitcode, showsPending = detailedExitcode }: Concluding,
  { narrate, signal, task }: Pick<CommandServices, 'narrate' | 'signal' | 'task'>,
): number {
  const stopped = stopSignalOf(signal);
  const [cause, ...others] = causesOf(failures);
  if (cause !== undefined && stopped === undefined) {
    const { first } = cause;
    const message = runFailedMessage(task, first.phase, reasonOf(first, others.length));
    narrate({ type: 'log', level: 'fatal', message, fields: failureFields(first) });
  }
  const pending = showsPending ? totals.pending : 0;
  return exitCode({ failures, pending, detailed: detailedExitcode, signal: stopped });
}
