import type { Clock } from '../clock.ts';

/** Upper bound of the first wait, in milliseconds: long enough for a load balancer to choose another backend. */
const BASE = 200;

/** Upper bound of every wait, in milliseconds: a registry that is back is noticed within half a minute. */
const CAP = 30_000;

/**
 * Returns how long to wait, in milliseconds, after this number of failures: a random time up to a bound that doubles
 * with each failure (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, «full jitter»).
 * `random` is a number from 0 to 1.
 */
export function backoff(failures: number, random: number): number {
  return Math.round(random * Math.min(CAP, BASE * 2 ** Math.max(0, failures - 1)));
}

/** Waits before the next attempt after this number of failures; rejects as soon as the signal aborts. */
export type Pause = (failures: number, signal: AbortSignal) => Promise<void>;

/** Creates a pause with full jitter; `random` returns a number from 0 to 1. */
export function jitteredPause(clock: Clock, random: () => number): Pause {
  return (failures, signal) => clock.wait(backoff(failures, random()), signal);
}
