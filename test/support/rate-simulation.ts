import { adaptiveBucket } from '../../src/ratelimit/adaptive/bucket.ts';
import type { RequestClass } from '../../src/ratelimit/limiter.ts';
import { rateGroup } from '../../src/ratelimit/adaptive/group.ts';

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
  /** Milliseconds of each round trip, at the least and at the most; 5 to 80 unless given. */
  readonly roundTrips?: readonly [number, number];
  /** Refusals come back within some milliseconds, as from a front end; else they take as long as other answers. */
  readonly quickRefusals?: boolean;
  /** Timers fire on time, and every request is under way equally long: what a quota without any burst needs. */
  readonly exact?: boolean;
  /** Timers fire late by up to so many milliseconds, mostly by few; 1.5 unless given. */
  readonly lateness?: number;
  /** Milliseconds for which each refusal orders everything to wait. */
  readonly pause?: number;
  /** Fraction of requests that are refused at random, at any rate; 0 unless given. */
  readonly noise?: number;
  /** Ends once so many requests were admitted. */
  readonly stopAfter?: number;
};

/** Requests admitted, refused by the quota, and refused at random in each second. */
export type Simulation = {
  readonly admitted: readonly number[];
  readonly refused: readonly number[];
  readonly random: readonly number[];
  /** When the last request was admitted, in milliseconds. */
  readonly lastAt: number;
};

const READS: ReadonlySet<RequestClass> = new Set(['read']);
const NOTHING: ReadonlySet<RequestClass> = new Set();

type Event = { readonly at: number; readonly fire: () => void };

/** A client that always has more to send, against a quota; takes no real time. */
export function simulate(spec: SimulationSpec): Simulation {
  const { quota, seconds, seed, concurrency, exact = false, pause = 0, roundTrips = [5, 80], lateness = 1.5 } = spec;
  const { noise = 0, stopAfter = Number.POSITIVE_INFINITY } = spec;
  const random = generator(seed);
  const events = eventQueue();
  const settings = { start: 60, floor: 1, ceiling: Number.POSITIVE_INFINITY, burst: 10 };
  const group = rateGroup(settings, (_name, given) => adaptiveBucket(given, 0));
  const admitted = Array.from({ length: seconds }, () => 0);
  const refused = Array.from({ length: seconds }, () => 0);
  const unlucky = Array.from({ length: seconds }, () => 0);
  let now = 0;
  let active = 0;
  let total = 0;
  let lastAt = 0;
  let timer = Number.POSITIVE_INFINITY;
  const member = {};

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
    const taken = group.take('read', now);
    active += 1;
    const roundTrip = roundTrips[0] + random() * (roundTrips[1] - roundTrips[0]);
    const underWay = exact ? 1 : Math.min(roundTrip, 1 + random() * 4);
    const sent = now;
    const arrive = (): void => {
      const isUnlucky = noise > 0 && random() < noise;
      const good = !isUnlucky && quota.admit(now);
      const second = Math.min(seconds - 1, Math.floor(now / 1000));
      const counts = good ? admitted : isUnlucky ? unlucky : refused;
      counts[second] = (counts[second] ?? 0) + 1;
      if (good) {
        total += 1;
        lastAt = now;
      }
      const answer = (): void => {
        active -= 1;
        group.answered(taken, good ? { status: 200 } : { status: 429, ...(pause > 0 && { pause }) }, now);
        sendAll();
      };
      const isQuick = !good && spec.quickRefusals === true;
      events.push({
        at: isQuick ? Math.min(sent + roundTrip, now + 1 + random() * 4) : sent + roundTrip,
        fire: answer,
      });
    };
    events.push({ at: now + underWay, fire: arrive });
  };
  const sendAll = (): void => {
    while (active < concurrency) {
      const pausedUntil = group.pausedUntil();
      const isPaused = now < pausedUntil;
      const wait = isPaused ? pausedUntil - now : group.wait('read', now);
      group.hungry(member, wait > 0 && !isPaused ? READS : NOTHING, now);
      if (wait === 0) {
        send();
        continue;
      }
      return wakeAt(now + (exact ? wait : Math.ceil(wait) + random() ** 3 * lateness));
    }
    group.hungry(member, NOTHING, now);
  };

  sendAll();
  for (
    let event = events.pop();
    event !== undefined && event.at < seconds * 1000 && total < stopAfter;
    event = events.pop()
  ) {
    now = event.at;
    event.fire();
  }
  return { admitted, refused, random: unlucky, lastAt };
}

/** The sum of some seconds. */
export function sumOf(perSecond: readonly number[], from: number, to: number): number {
  return perSecond.slice(from, to).reduce((sum, count) => sum + count, 0);
}

/** Numbers from 0 to 1 that look random, the same for each seed. */
export function generator(seed: number): () => number {
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
