import { isPassing, isPromotionError, PromotionError, type Failure } from '../errors.ts';

/** The signals that stop a run; the summary is still printed. */
type StopSignal = (typeof STOP_SIGNALS)[number];

export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The meaning of each exit code, for help and documentation. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'Done, or nothing to do.'],
  [1, 'Something failed, or the command line is wrong. A dry run fails too when an entry cannot be promoted.'],
  [
    2,
    'With --detailed-exitcode: something is pending and nothing failed. `kpromo audit`: production differs from the manifests. `kpromo explain REF`: the image is not promoted, or not everywhere.',
  ],
  [
    75,
    'With --detailed-exitcode: only troubles that may pass (network, quota, a service), so a retry may help; `kpromo explain CODE` says which codes those are. Without the flag, 1.',
  ],
  [129, 'Stopped by SIGHUP, after the summary.'],
  [130, 'Stopped by SIGINT, after the summary.'],
  [143, 'Stopped by SIGTERM, after the summary.'],
];

/** EX_TEMPFAIL of sysexits.h: the trouble may pass, so that a retry may help. */
export const RETRY_CODE = 75;

/** The parts of a failure that decide whether a retry may help. */
type Judged = Pick<Failure, 'code' | 'lasting'>;

/** The facts that determine an exit code. */
type Outcome = {
  readonly failures: readonly Judged[];
  /** The number of pending changes, of a run that reports them with 2. */
  readonly pending: number;
  /** True with --detailed-exitcode. */
  readonly detailed: boolean;
  readonly signal?: StopSignal | undefined;
};

/** Returns the exit code of a run: that of a signal, else of failures, else of pending changes. */
export function exitCode({ failures, pending, detailed, signal }: Outcome): number {
  if (signal !== undefined) return signalCode(signal);
  if (failures.length > 0) return detailed && failures.every(isPassing) ? RETRY_CODE : 1;
  return pending > 0 ? 2 : 0;
}

/** Returns the exit code of a command that failed with these errors alone. */
export function errorExitCode(errors: readonly unknown[], detailed: boolean, signal: AbortSignal): number {
  const failures = errors.map((error) => (isPromotionError(error) ? error : ({ code: 'INTERNAL' } as const)));
  return exitCode({ failures, pending: 0, detailed, signal: stopSignalOf(signal) });
}

/** Returns the exit code for a signal, as shells count it: 128 plus the signal's number. */
export function signalCode(signal: StopSignal): 129 | 130 | 143 {
  return ({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const)[signal];
}

/** Returns the abort reason for a signal. */
export function stopReason(signal: StopSignal): PromotionError {
  return new PromotionError('ABORTED', `stopped by ${signal}`, {
    hint: 'run the same command again to finish',
    cause: signal,
  });
}

/** Returns the signal that stopped a run; undefined if it was not stopped. */
export function stopSignalOf(signal: AbortSignal): StopSignal | undefined {
  const cause = signal.aborted && signal.reason instanceof PromotionError ? signal.reason.cause : undefined;
  return STOP_SIGNALS.find((known) => known === cause);
}
