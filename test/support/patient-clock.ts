import { waitOn, type Clock } from '../../src/clock.ts';

/**
 * The machine's clock run `speed` times as fast, without the time in which this process got no processor or computed: each
 * turn of the event loop counts for `TURN_MS` at most. Servers of the same process get their turn before a timeout fires,
 * however slow the machine.
 */
export function patientClock(speed = 1): Clock {
  const [start, since] = [Date.now(), passed()];
  const timer: Clock['timer'] = (ms, fire) => {
    const entry = { at: passed() + ms / speed, fire };
    timers.add(entry);
    next();
    return () => void timers.delete(entry);
  };
  return {
    now: () => start + (passed() - since) * speed,
    elapsed: () => (passed() - since) * speed,
    timer,
    limit: timer,
    wait: (ms, signal) => waitOn(timer, ms, signal),
  };
}

/** Long enough to cost nothing, short enough that the shortest timeout of a fast clock is many turns. */
const TURN_MS = 5;

type Timer = { readonly at: number; readonly fire: () => void };

/** All clocks of a process count the same turns: those of client and server do not drift apart. */
const timers = new Set<Timer>();
let counted = 0;
let last = performance.now();
let handle: NodeJS.Timeout | undefined;

/** What counts of the time until now, in milliseconds. */
function passed(): number {
  return counted + Math.min(performance.now() - last, TURN_MS);
}

/** Has the next turn come when the next timer is due, and no later than a turn lasts. */
function next(): void {
  clearTimeout(handle);
  let due = counted + TURN_MS;
  for (const { at } of timers) due = Math.min(due, at);
  handle = setTimeout(turn, Math.max(0, due - passed()));
  // A test that is over does not wait for it.
  handle.unref();
}

function turn(): void {
  [counted, last] = [passed(), performance.now()];
  const due = [...timers].filter(({ at }) => at <= counted).toSorted((a, b) => a.at - b.at);
  for (const timer of due) {
    // An earlier one may have cancelled it.
    if (timers.delete(timer)) timer.fire();
  }
  next();
}

next();
