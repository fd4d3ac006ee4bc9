import { onAbort } from './abort.ts';

/** The only source of time in the program; milliseconds throughout. */
export type Clock = {
  /** Returns milliseconds since the Unix epoch: for dates, and for waits that another system ordered. */
  now(): number;
  /**
   * Returns the milliseconds in which this process ran. The count stops while the process is stopped, its event loop is
   * blocked, or the machine sleeps. How long others took is a difference of this count.
   */
  elapsed(): number;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fire` once after `ms`. The returned function cancels that. */
  timer(ms: number, fire: () => void): () => void;
  /**
   * Limits how long others may take: calls `fire` once after `ms` of `elapsed`, and not before everything that has
   * arrived by then was read. The returned function cancels that.
   */
  limit(ms: number, fire: () => void): () => void;
};

/** Interval in milliseconds at which the process notes that it runs; ten timers a second cost nothing. */
const TICK = 100;

/** Milliseconds that count between two ticks: a turn of the event loop that is late by less is ordinary load. */
const LONGEST_TURN = 2 * TICK;

/** A limit of at least this many milliseconds may fire a tick late. */
const COARSE = 10 * TICK;

/** Returns the machine's clock. */
export function realClock(): Clock {
  const { elapsed, atTick } = runningTime();
  const timer: Clock['timer'] = (ms, fire) => {
    const handle = setTimeout(fire, ms);
    return () => clearTimeout(handle);
  };
  return {
    now: () => Date.now(),
    elapsed,
    timer,
    wait: (ms, signal) => waitOn(timer, ms, signal),
    limit: (ms, fire) => (ms < COARSE ? limit(elapsed, ms, fire) : atTick(ms, fire)),
  };
}

type RunningTime = {
  /** Returns the milliseconds in which this process ran since it was created. */
  elapsed(): number;
  /** Calls `fire` at the first tick after `ms`. The returned function cancels that. */
  atTick(ms: number, fire: () => void): () => void;
};

type Limit = { readonly due: number; readonly fire: () => void };

/** The limits that one interval watches: each request has three, and nearly all are cancelled. */
function runningTime(): RunningTime {
  let counted = 0;
  const limits = new Set<Limit>();
  // Monotonic: neither a suspended machine nor a corrected date moves it.
  let last = performance.now();
  const elapsed = (): number => counted + Math.min(performance.now() - last, LONGEST_TURN);
  const tick = (): void => {
    counted = elapsed();
    last = performance.now();
    for (const entry of limits) if (entry.due <= counted) setImmediate(expire, entry);
  };
  const interval = setInterval(tick, TICK).unref();
  const cancel = (entry: Limit): boolean => {
    const isOpen = limits.delete(entry);
    if (limits.size === 0) interval.unref();
    return isOpen;
  };
  // As in `limit`: what arrived before the tick is read first, and may cancel the entry.
  const expire = (entry: Limit): void => {
    if (cancel(entry)) entry.fire();
  };
  const atTick: RunningTime['atTick'] = (ms, fire) => {
    const entry = { due: elapsed() + ms, fire };
    limits.add(entry);
    if (limits.size === 1) interval.ref();
    return () => void cancel(entry);
  };
  return { elapsed, atTick };
}

function limit(elapsed: () => number, ms: number, fire: () => void): () => void {
  const due = elapsed() + ms;
  let immediate: NodeJS.Immediate | undefined;
  const check = (): void => {
    const left = due - elapsed();
    if (left > 0) handle = setTimeout(check, left);
    // Node calls timers before it reads sockets, and immediates after it.
    else immediate = setImmediate(fire);
  };
  let handle = setTimeout(check, ms);
  return () => {
    clearTimeout(handle);
    clearImmediate(immediate);
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
