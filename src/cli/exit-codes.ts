import { PromotionError } from '../errors.ts';

/** The signals that end a run after its summary. */
export type StopSignal = (typeof STOP_SIGNALS)[number];

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What each exit code means, for help and documentation. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'Done, or nothing to do.'],
  [1, 'Something failed, or the command line is wrong. A dry run fails too when an entry cannot be promoted.'],
  [2, 'Only with --detailed-exitcode: something is pending and nothing failed.'],
  [129, 'Stopped by SIGHUP, after the summary.'],
  [130, 'Stopped by SIGINT, after the summary.'],
  [143, 'Stopped by SIGTERM, after the summary.'],
];

/** What an exit code is made of. */
export type Outcome = {
  /** How many things went wrong. */
  readonly failures: number;
  /** How many changes are still to be made. */
  readonly pending: number;
  /** True with --detailed-exitcode. */
  readonly detailed: boolean;
  readonly signal?: StopSignal | undefined;
};

/** The exit code of a run: a signal comes first, then failures, then what is pending. */
export function exitCode({ failures, pending, detailed, signal }: Outcome): number {
  if (signal !== undefined) return signalCode(signal);
  if (failures > 0) return 1;
  return detailed && pending > 0 ? 2 : 0;
}

/** The exit code of a process that a signal ended: 128 and the signal's number, as shells count it. */
export function signalCode(signal: StopSignal): 129 | 130 | 143 {
  return ({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const)[signal];
}

/** The reason to abort a run with when a signal came. */
export function stopReason(signal: StopSignal): PromotionError {
  return new PromotionError('ABORTED', `stopped by ${signal}`, {
    hint: 'run the same command again to finish',
    cause: signal,
  });
}

/** The signal that a run was stopped by; undefined when it was not. */
export function stopSignalOf(signal: AbortSignal): StopSignal | undefined {
  const cause = signal.aborted && signal.reason instanceof PromotionError ? signal.reason.cause : undefined;
  return STOP_SIGNALS.find((known) => known === cause);
}
