import type { Clock } from '../../clock.ts';
import type { Pause } from '../../async/backoff.ts';
import { isNewSignatureNeeded, isOutage } from '../services/call.ts';

type PatienceOptions = {
  readonly clock: Clock;
  readonly pause: Pause;
  /** Time limit of consecutive failures, in milliseconds. Default: 120 s. */
  readonly budget?: number;
};

/** The same as the retry budget of registries. */
const BUDGET = 120_000;
/** After an outage that exhausted the budget, other callers fail at once for this long; in milliseconds. */
const KNOWN_FOR = 60_000;

/** Repeats an attempt from its beginning after temporary failures of a service; gives up for all callers together. */
export type Patience = <T>(attempt: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Creates the shared retry of one run for its signing services. Requests that the HTTP stack retried are not retried
 * here.
 */
export function patience({ clock, pause, budget = BUDGET }: PatienceOptions): Patience {
  let outage: { readonly until: number; readonly error: unknown } | undefined;
  const endsFor = (error: unknown, used: number): boolean => {
    if (isNewSignatureNeeded(error) && used < budget) return false;
    if (isOutage(error)) outage = { until: clock.now() + KNOWN_FOR, error };
    return true;
  };
  return async (attempt, signal) => {
    let used = 0;
    for (let failures = 1; ; failures += 1) {
      signal.throwIfAborted();
      if (outage !== undefined && clock.now() < outage.until) throw outage.error;
      const begun = clock.elapsed();
      try {
        const result = await attempt();
        outage = undefined;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        // One silent request is not an outage.
        used += Math.min(clock.elapsed() - begun, budget / 4);
        if (endsFor(error, used)) throw error;
      }
      const paused = clock.elapsed();
      await pause(failures, signal);
      used += clock.elapsed() - paused;
    }
  };
}
