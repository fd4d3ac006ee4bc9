import { onAbort } from './abort.ts';

/** The only source of time in the program; milliseconds throughout. */
export type Clock = {
  /** Returns milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fire` once after `ms`. The returned function cancels that. */
  timer(ms: number, fire: () => void): () => void;
};

/** Returns the machine's clock, run `speed` times as fast: waits and timers shrink, and `now` advances accordingly. */
export function realClock(speed = 1): Clock {
  const start = Date.now();
  const timer = (ms: number, fire: () => void): (() => void) => {
    const handle = setTimeout(fire, ms / speed);
    return () => clearTimeout(handle);
  };
  return {
    now: () => start + (Date.now() - start) * speed,
    timer,
    wait: (ms, signal) => waitOn(timer, ms, signal),
  };
}

/** Builds `wait` from `timer`, so that every clock handles the signal in the same way. */
export function waitOn(timer: Clock['timer'], ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const leave =
      signal &&
      onAbort(signal, () => {
        cancel();
        reject(signal.reason as Error);
      });
    const cancel = timer(ms, () => {
      leave?.();
      resolve();
    });
  });
}
