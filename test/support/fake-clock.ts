import { stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { waitOn, type Clock } from '../../src/clock.ts';

/** A clock that stands still until told otherwise. */
export type FakeClock = Clock & {
  /** Moves on by `ms`, firing what falls due in order; real sockets get their turn before, between and after. */
  advance(ms: number): Promise<void>;
  /** Moves on by `ms` as if the process had been stopped: limits on others are later by that time. */
  stop(ms: number): void;
  /** Every `wait` asked for so far, in milliseconds. */
  readonly waits: readonly number[];
  /** How many timers are pending. */
  pending(): number;
};

type FakeClockOptions = {
  readonly start?: number;
  /** `wait` moves the clock on by itself, so that a test of many waits takes no time; timers that fall due fire. */
  readonly skipWaits?: boolean;
};

/** A `limit` is due by the time in which the process ran, all others by `now`. */
type Timer = { at: number; readonly fire: () => void; readonly kind: 'wait' | 'timer' | 'limit' };

/** So many turns of the event loop let bytes written on loopback arrive and be answered. */
const TURNS = 10;

/** Node.js runs this many tasks of its thread pool at once, in the order of their requests. */
const POOL = 4;

/** In so many rounds a request under way is answered, unless the server stays silent; each lets the thread pool work, too. */
const ROUNDS = 50;

/** A clock at `start` (noon of 2026-01-01 UTC unless given). */
export function fakeClock({ start = Date.UTC(2026, 0, 1, 12), skipWaits = false }: FakeClockOptions = {}): FakeClock {
  const timers = new Set<Timer>();
  const waits: number[] = [];
  let now = start;
  let lost = 0;
  const added = (ms: number, due: () => void, kind: Timer['kind']): (() => void) => {
    const entry = { at: now + ms, fire: due, kind };
    timers.add(entry);
    return () => void timers.delete(entry);
  };
  const timer: Clock['timer'] = (ms, due) => added(ms, due, 'timer');
  const next = (until: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  const fire = (due: Timer): void => {
    timers.delete(due);
    now = Math.max(now, due.at);
    due.fire();
  };
  /** Moves on at once. A limit of a request under way is reached only if the request is not answered in many turns. */
  const skip = async (ms: number): Promise<void> => {
    await settle();
    const until = now + ms;
    for (let due = next(until); due !== undefined; due = next(until)) {
      for (let round = 0; due.kind !== 'wait' && timers.has(due) && round < ROUNDS; round += 1) {
        await settle();
        await poolTurn();
      }
      if (timers.has(due)) fire(due);
      await Promise.resolve();
    }
    now = Math.max(now, until);
  };
  const advance = async (ms: number): Promise<void> => {
    const until = now + ms;
    await settle();
    for (let due = next(until); due !== undefined; due = next(until)) {
      fire(due);
      await settle();
    }
    now = until;
    await settle();
  };
  return {
    now: () => now,
    elapsed: () => now - start - lost,
    timer,
    limit: (ms, due) => added(ms, due, 'limit'),
    stop: (ms) => {
      now += ms;
      lost += ms;
      for (const one of timers) if (one.kind === 'limit') one.at += ms;
    },
    waits,
    pending: () => timers.size,
    advance,
    wait: async (ms, signal) => {
      waits.push(ms);
      const done = waitOn((time, due) => added(time, due, 'wait'), ms, signal);
      // It may be aborted while this one gives way to others.
      done.catch(() => undefined);
      if (skipWaits && signal?.aborted !== true) await skip(ms);
      await done;
    },
  };
}

/** Signatures are made on the thread pool, which may be slower than the event loop on a busy machine. */
async function poolTurn(): Promise<void> {
  await Promise.all(Array.from({ length: POOL }, async () => stat('/')));
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await setImmediate();
}
