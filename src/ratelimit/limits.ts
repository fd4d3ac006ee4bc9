import { onAbort } from '../abort.ts';
import type { Lane, Limiter } from './limiter.ts';

/** One slot for each lane. */
const MIN_CONCURRENCY = 3;

/**
 * Creates a limiter of at most `concurrency` concurrent requests for each origin. Bodies leave a fifth of the slots to
 * small requests, and downloads leave some to uploads: a copy within one registry holds one of each, and must be able
 * to complete.
 */
export function concurrencyLimiter(concurrency: number): Limiter {
  if (!Number.isInteger(concurrency) || concurrency < MIN_CONCURRENCY) {
    throw new RangeError(`concurrency must be a whole number of at least ${MIN_CONCURRENCY}, not ${concurrency}`);
  }
  const origins = new Map<string, Slots>();
  return {
    spare: () => true,
    acquire: async (want, signal) => {
      let slots = origins.get(want.origin);
      if (slots === undefined) {
        slots = originSlots(concurrency);
        origins.set(want.origin, slots);
      }
      return { answered: () => undefined, release: await slots(want.lane, signal) };
    },
  };
}

type Slots = (lane: Lane, signal: AbortSignal) => Promise<() => void>;
type Waiter = { readonly lane: Lane; readonly arrival: number; readonly go: () => void };
/** Waiting requests in order of arrival. */
type Queues = Readonly<Record<Lane, Waiter[]>>;

function originSlots(concurrency: number): Slots {
  const free = freeSlots(concurrency);
  const active: Record<Lane, number> = { small: 0, download: 0, upload: 0 };
  const queues: Queues = { small: [], download: [], upload: [] };
  let arrivals = 0;
  const admit = (): void => {
    for (;;) {
      const next = earliest(queues, (lane) => free(lane, active));
      if (next === undefined) return;
      queues[next.lane].shift();
      next.go();
    }
  };
  const take = (lane: Lane): (() => void) => {
    active[lane] += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      active[lane] -= 1;
      admit();
    };
  };
  return (lane, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      // All waiting requests wait for a full lane.
      if (free(lane, active)) return resolve(take(lane));
      const queue = queues[lane];
      const go = (): void => {
        cancel();
        resolve(take(lane));
      };
      const waiter: Waiter = { lane, arrival: (arrivals += 1), go };
      const cancel = onAbort(signal, () => {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason as Error);
      });
      queue.push(waiter);
    });
}

/** Returns the earliest waiting request whose lane has a free slot. */
function earliest(queues: Queues, free: (lane: Lane) => boolean): Waiter | undefined {
  let first: Waiter | undefined;
  for (const lane of LANES) {
    const head = queues[lane][0];
    if (head === undefined || !free(lane)) continue;
    if (first === undefined || head.arrival < first.arrival) first = head;
  }
  return first;
}

export const LANES: readonly Lane[] = ['small', 'download', 'upload'];

/** Returns a function that says whether a lane has a free slot, given the used ones. */
export function freeSlots(concurrency: number): (lane: Lane, active: Readonly<Record<Lane, number>>) => boolean {
  const bodies = concurrency - Math.max(1, Math.floor(concurrency / 5));
  const oneKind = Math.max(1, Math.floor((bodies * 3) / 4));
  return (lane, active) => {
    const inBodies = active.download + active.upload;
    if (active.small + inBodies >= concurrency) return false;
    return lane === 'small' || (inBodies < bodies && active[lane] < oneKind);
  };
}
