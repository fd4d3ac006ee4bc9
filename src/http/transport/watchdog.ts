import type { Clock } from '../../clock.ts';

/** A timer that is restarted far more often than it fires. */
export type Watchdog = {
  /** Calls `expired` in `ms` milliseconds, unless restarted or stopped before. */
  watch(ms: number, expired: () => void): void;
  /** Restarts the same time. */
  touch(): void;
  /** Does not expire until the next `watch`. */
  rest(): void;
  /** Rests for ever. */
  stop(): void;
};

/**
 * Creates a watchdog on this clock. A restart only records the new time, so that a body of many chunks costs a timer
 * now and then, not one for each chunk.
 */
export function watchdog(clock: Clock): Watchdog {
  let allowance = 0;
  let deadline = Number.POSITIVE_INFINITY;
  let onExpiry = (): void => {};
  let armed: { readonly at: number; readonly cancel: () => void } | undefined;

  const disarm = (): void => {
    armed?.cancel();
    armed = undefined;
  };
  const arm = (): void => {
    if (armed !== undefined && armed.at <= deadline) return;
    disarm();
    armed = { at: deadline, cancel: clock.limit(deadline - clock.elapsed(), check) };
  };
  const check = (): void => {
    armed = undefined;
    if (deadline === Number.POSITIVE_INFINITY) return;
    if (clock.elapsed() < deadline) return arm();
    deadline = Number.POSITIVE_INFINITY;
    onExpiry();
  };

  return {
    watch: (ms, expired) => {
      allowance = ms;
      onExpiry = expired;
      deadline = clock.elapsed() + ms;
      arm();
    },
    touch: () => {
      if (deadline !== Number.POSITIVE_INFINITY) deadline = clock.elapsed() + allowance;
    },
    // The timer stays: the next `watch` begins soon.
    rest: () => {
      deadline = Number.POSITIVE_INFINITY;
    },
    stop: () => {
      deadline = Number.POSITIVE_INFINITY;
      disarm();
    },
  };
}
