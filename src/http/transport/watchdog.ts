import type { Clock } from '../../clock.ts';

/** A timer that is moved far more often than it fires. */
export type Watchdog = {
  /** Expires after `ms` from now, unless told otherwise before. */
  watch(ms: number, expired: () => void): void;
  /** Starts the same time again. */
  touch(): void;
  /** Expires no more until the next `watch`. */
  rest(): void;
};

/**
 * A watchdog on this clock. Moving it only notes the new time: a body of many chunks costs one timer in
 * a while, not one a chunk.
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
    armed = { at: deadline, cancel: clock.timer(deadline - clock.now(), check) };
  };
  const check = (): void => {
    armed = undefined;
    if (deadline === Number.POSITIVE_INFINITY) return;
    if (clock.now() < deadline) return arm();
    deadline = Number.POSITIVE_INFINITY;
    onExpiry();
  };

  return {
    watch: (ms, expired) => {
      allowance = ms;
      onExpiry = expired;
      deadline = clock.now() + ms;
      arm();
    },
    touch: () => {
      if (deadline !== Number.POSITIVE_INFINITY) deadline = clock.now() + allowance;
    },
    rest: () => {
      deadline = Number.POSITIVE_INFINITY;
      disarm();
    },
  };
}
