import { PromotionError } from '../errors.ts';

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
  [129, 'Stopped by SIGHUP, after the summary.'],
  [130, 'Stopped by SIGINT, after the summary.'],
  [143, 'Stopped by SIGTERM, after the summary.'],
];

/** The facts that determine an exit code. */
type Outcome = {
  /** The number of problems. */
  readonly failures: number;
  /** The number of pending changes. */
  readonly pending: number;
  /** True with --detailed-exitcode. */
  readonly detailed: boolean;
  readonly signal?: StopSignal | undefined;
};

/** Returns the exit code of a run: that of a signal, else of failures, else of pending changes. */
export function exitCode({ failures, pending, detailed, signal }: Outcome): number {
  if (signal !== undefined) return signalCode(signal);
  if (failures > 0) return 1;
  return detailed && pending > 0 ? 2 : 0;
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
