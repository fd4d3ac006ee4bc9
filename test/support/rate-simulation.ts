import { adaptiveBucket } from '../../src/ratelimit/adaptive-bucket.ts';

/** A registry's quota: says for each request whether it is admitted. Times in milliseconds. */
export type Quota = { admit(now: number): boolean };

/** A bucket that refills at `rate` a second and holds `burst`. */
export function bucketQuota(rateAt: (now: number) => number, burstOf: (rate: number) => number): Quota {
  let tokens = burstOf(rateAt(0));
  let updated = 0;
  return {
    admit: (now) => {
      const rate = rateAt(now);
      tokens = Math.min(burstOf(rate), tokens + ((now - updated) / 1000) * rate);
      updated = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}

/** So many requests in each minute of the clock. */
export function minuteQuota(perMinute: number): Quota {
  let minute = -1;
  let used = 0;
  return {
    admit: (now) => {
      const current = Math.floor(now / 60_000);
      if (current !== minute) used = 0;
      minute = current;
      if (used >= perMinute) return false;
      used += 1;
      return true;
    },
  };
}

export type SimulationSpec = {
  readonly quota: Quota;
  readonly seconds: number;
  readonly seed: number;
  readonly concurrency: number;
};

/** Requests admitted and refused in each second. */
export type Simulation = { readonly admitted: readonly number[]; readonly refused: readonly number[] };

type Event = { readonly at: number; readonly fire: () => void };

/** A client that always has more to send, against a quota, with round trips of 5 to 80 ms; takes no real time. */
export function simulate({ quota, seconds, seed, concurrency }: SimulationSpec): Simulation {
  const random = generator(seed);
  const events = eventQueue();
  const bucket = adaptiveBucket({ start: 60, floor: 1, ceiling: Number.POSITIVE_INFINITY, burst: 10 }, 0);
  const admitted = Array.from({ length: seconds }, () => 0);
  const refused = Array.from({ length: seconds }, () => 0);
  let now = 0;
  let active = 0;
  let timer = Number.POSITIVE_INFINITY;

  const wakeAt = (at: number): void => {
    if (at >= timer) return;
    timer = at;
    events.push({
      at,
      fire: () => {
        if (timer <= now) timer = Number.POSITIVE_INFINITY;
        sendAll();
      },
    });
  };
  const send = (): void => {
    const mark = bucket.take(now);
    active += 1;
    const roundTrip = 5 + random() * 75;
    const sent = now;
    const arrive = (): void => {
      const good = quota.admit(now);
      const second = Math.min(seconds - 1, Math.floor(now / 1000));
      const counts = good ? admitted : refused;
      counts[second] = (counts[second] ?? 0) + 1;
      const answer = (): void => {
        active -= 1;
        bucket.answered(good ? 'admitted' : 'refused', mark, now);
        sendAll();
      };
      events.push({ at: sent + roundTrip, fire: answer });
    };
    events.push({ at: now + Math.min(roundTrip, 1 + random() * 4), fire: arrive });
  };
  const sendAll = (): void => {
    while (active < concurrency) {
      const wait = bucket.wait(now);
      bucket.hungry(wait > 0 && Number.isFinite(wait), now);
      if (wait > 0) {
        // Timers fire late by up to a millisecond or two.
        if (Number.isFinite(wait)) wakeAt(now + Math.ceil(wait) + random() * 1.5);
        return;
      }
      send();
    }
    bucket.hungry(false, now);
  };

  sendAll();
  for (let event = events.pop(); event !== undefined && event.at < seconds * 1000; event = events.pop()) {
    now = event.at;
    event.fire();
  }
  return { admitted, refused };
}

/** The sum of some seconds. */
export function sumOf(perSecond: readonly number[], from: number, to: number): number {
  return perSecond.slice(from, to).reduce((sum, count) => sum + count, 0);
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A binary heap by time. */
function eventQueue(): { push(event: Event): void; pop(): Event | undefined } {
  const heap: Event[] = [];
  const at = (index: number): number => heap[index]?.at ?? Number.POSITIVE_INFINITY;
  const swap = (one: number, other: number): void => {
    [heap[one], heap[other]] = [heap[other] as Event, heap[one] as Event];
  };
  return {
    push: (event) => {
      heap.push(event);
      for (let index = heap.length - 1; index > 0 && at(index) < at((index - 1) >> 1); index = (index - 1) >> 1) {
        swap(index, (index - 1) >> 1);
      }
    },
    pop: () => {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let index = 0; ;) {
        const child = at(2 * index + 2) < at(2 * index + 1) ? 2 * index + 2 : 2 * index + 1;
        if (at(child) >= at(index)) return first;
        swap(index, child);
        index = child;
      }
    },
  };
}
