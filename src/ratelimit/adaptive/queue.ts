import type { Lane, Permit, RequestClass, Want } from '../limiter.ts';
import { LANES } from '../limits.ts';

/** A waiting request; exactly one of its functions is called, once. */
export type Waiter = { readonly want: Want; go(permit: Permit): void; fail(error: unknown): void };

/** The requests that wait at one gate: a queue for each lane and class, so that none blocks another. */
export type RequestQueue = {
  enter(waiter: Waiter): void;
  leave(waiter: Waiter): void;
  /** Returns the first request of each queue whose lane is `free`, in order of arrival. */
  heads(free: (lane: Lane) => boolean): readonly Waiter[];
  all(): readonly Waiter[];
};

const CLASSES: readonly RequestClass[] = ['token', 'list', 'read', 'write'];

/** Creates an empty queue. */
export function requestQueue(): RequestQueue {
  // The value of a waiter is its position in the order of arrival.
  const queues = new Map<string, Map<Waiter, number>>();
  for (const lane of LANES) for (const kind of CLASSES) queues.set(`${lane} ${kind}`, new Map());
  let arrivals = 0;
  const queueOf = ({ want }: Waiter): Map<Waiter, number> | undefined => queues.get(`${want.lane} ${want.class}`);
  return {
    enter: (waiter) => {
      queueOf(waiter)?.set(waiter, (arrivals += 1));
    },
    leave: (waiter) => {
      queueOf(waiter)?.delete(waiter);
    },
    heads: (free) => {
      const first: (readonly [Waiter, number])[] = [];
      for (const queue of queues.values()) {
        for (const entry of queue) {
          if (free(entry[0].want.lane)) first.push(entry);
          break;
        }
      }
      if (first.length > 1) first.sort(([, one], [, other]) => one - other);
      return first.map(([waiter]) => waiter);
    },
    all: () => [...queues.values()].flatMap((queue) => [...queue.keys()]),
  };
}
