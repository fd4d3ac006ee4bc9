import { onAbort } from './abort.ts';

/** The only place that reads or waits for time; milliseconds throughout. */
export type Clock = {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fire` once after `ms`, unless the returned function was called before. */
  timer(ms: number, fire: () => void): () => void;
};

/** The machine's clock run `speed` times as fast: waits and timers shrink, `now` advances accordingly. */
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

/** Builds `wait` from `timer`, so that every clock honours the signal in the same way. */
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
