import type { Clock } from '../../clock.ts';
import type { Pause } from '../../async/backoff.ts';
import { isNewSignatureNeeded, isOutage } from '../services/call.ts';

export type PatienceOptions = {
  readonly clock: Clock;
  readonly pause: Pause;
  /** Milliseconds of failures in a row; 120 s unless given. */
  readonly budget?: number;
};

/** As long as the request path is patient with a registry. */
const BUDGET = 120_000;
/** After an outage that outlasted the budget, others learn of it without trying themselves, for so many milliseconds. */
const KNOWN_FOR = 60_000;

/** Does something again, from its beginning, while a service fails in a way that may pass; gives up for all who share it. */
export type Patience = <T>(attempt: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** The patience of one run with its signing services. What the request path itself tried again is not tried here. */
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
      const begun = clock.now();
      try {
        const result = await attempt();
        outage = undefined;
        return result;
      } catch (error) {
        signal.throwIfAborted();
        // One silent request is no outage.
        used += Math.min(clock.now() - begun, budget / 4);
        if (endsFor(error, used)) throw error;
      }
      const paused = clock.now();
      await pause(failures, signal);
      used += clock.now() - paused;
    }
  };
}
