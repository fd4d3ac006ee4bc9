import type { Clock } from '../clock.ts';

/** The first wait is below this, in milliseconds: long enough for a load balancer to choose another backend. */
const BASE = 200;

/** No wait is longer than this: a registry that came back is noticed within half a minute. */
const CAP = 30_000;

/**
 * How long to wait before the next attempt after `failures` failures: anything between 0 and a bound that doubles
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, «full jitter»).
 * `random` is a number from 0 to 1.
 */
export function backoff(failures: number, random: number): number {
  return Math.round(random * Math.min(CAP, BASE * 2 ** Math.max(0, failures - 1)));
}

/** Waits before the next attempt at something that failed `failures` times; rejects as soon as the signal aborts. */
export type Pause = (failures: number, signal: AbortSignal) => Promise<void>;

/** Waits with full jitter; `random` gives a number from 0 to 1. */
export function jitteredPause(clock: Clock, random: () => number): Pause {
  return (failures, signal) => clock.wait(backoff(failures, random()), signal);
}
