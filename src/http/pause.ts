import type { Clock } from '../clock.ts';
import { backoff } from '../ratelimit/backoff.ts';

/** Waits before the next attempt at something that failed `failures` times; rejects as soon as the signal aborts. */
export type Pause = (failures: number, signal: AbortSignal) => Promise<void>;

/** Waits with full jitter; `random` gives a number from 0 to 1. */
export function jitteredPause(clock: Clock, random: () => number): Pause {
  return (failures, signal) => clock.wait(backoff(failures, random()), signal);
}
