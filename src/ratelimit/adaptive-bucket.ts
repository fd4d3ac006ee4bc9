import { learn, rateOf, startState, type Mark, type RateBounds, type RateState, type Verdict } from './rate-law.ts';

export type BucketSettings = RateBounds & {
  /** How many requests may go at once after a pause, at the most. */
  readonly burst: number;
};

/** A token bucket whose rate follows the answers. Times are Unix milliseconds, and only grow. */
export type AdaptiveBucket = {
  /** Milliseconds until a request may go, 0 for now; Infinity until an answer comes. */
  wait(now: number): number;
  /** Takes a token; only when `wait` is 0. */
  take(now: number): Mark;
  /** Says whether requests wait for nothing but this bucket: only a rate that is used up grows. */
  hungry(yes: boolean, now: number): void;
  /** What became of a request; without a verdict it says nothing about the rate. */
  answered(verdict: Verdict | undefined, request: Mark, now: number): void;
  /** Never faster than this many requests a second from now on; undefined lifts it. */
  advertise(rate: number | undefined, now: number): void;
  /** Requests a second. */
  rate(now: number): number;
  readonly state: RateState;
};

/** Timers fire late by some milliseconds; tokens of so much time are kept, or they would be lost each time. */
const LATENESS = 10;

/** A registry that refuses everything is asked this often, in milliseconds: often enough for a quota per minute. */
const LONGEST_PROBE = 8000;

/** What a bucket knows; changed in place. */
type Pool = {
  readonly settings: BucketSettings;
  state: RateState;
  tokens: number;
  updated: number;
  hungry: boolean;
  unanswered: number;
  sent: number;
  /** How many requests may be unanswered at the start; no limit once it is the whole burst. */
  open: number;
  probeAt: number;
};

/** A bucket that starts at `start`, its burst opening from 1 with every answer. */
export function adaptiveBucket(settings: BucketSettings, now: number): AdaptiveBucket {
  const pool: Pool = {
    settings,
    state: startState(settings),
    tokens: 1,
    updated: now,
    hungry: false,
    unanswered: 0,
    sent: 0,
    open: 1,
    probeAt: now,
  };
  const at = <T>(time: number, then: () => T): T => {
    refill(pool, time);
    return then();
  };
  return {
    wait: (time) => at(time, () => waitOf(pool, time)),
    take: (time) =>
      at(time, () => {
        pool.tokens -= 1;
        pool.unanswered += 1;
        pool.sent += 1;
        return { number: pool.sent, at: time };
      }),
    hungry: (yes, time) => at(time, () => void (pool.hungry = yes)),
    answered: (verdict, request, time) =>
      at(time, () => {
        pool.unanswered -= 1;
        if (verdict !== undefined) hear(pool, verdict, request, time);
      }),
    advertise: (most, time) => at(time, () => advertise(pool, most)),
    rate: (time) => at(time, () => rateOf(pool.state, settings)),
    get state() {
      return pool.state;
    },
  };
}

function refill(pool: Pool, now: number): void {
  const passed = now - pool.updated;
  if (passed <= 0) return;
  const rate = rateOf(pool.state, pool.settings);
  if (pool.hungry) pool.state = { ...pool.state, hungry: pool.state.hungry + passed };
  const cap = pool.open + (rate * LATENESS) / 1000;
  pool.tokens = Math.min(Math.max(pool.tokens, Math.min(cap, pool.tokens + (rate * passed) / 1000)), cap);
  pool.updated = now;
}

function waitOf({ settings, state, tokens, unanswered, open, probeAt }: Pool, now: number): number {
  if (open < settings.burst && unanswered >= Math.floor(open)) return Number.POSITIVE_INFINITY;
  const forToken = tokens >= 1 ? 0 : ((1 - tokens) * 1000) / rateOf(state, settings);
  return Math.max(forToken, probeAt - now, 0);
}

function hear(pool: Pool, verdict: Verdict, request: Mark, now: number): void {
  const { settings } = pool;
  const before = pool.state;
  const after = learn(before, settings, { verdict, request, sent: pool.sent, now });
  pool.state = after;
  if (verdict === 'admitted') {
    pool.open = Math.min(settings.burst, pool.open + 1);
    if (after.refused === 0) pool.probeAt = now;
  }
  if (after.cutAt === before.cutAt) return;
  pool.tokens = Math.min(pool.tokens, 0);
  if (after.limit === undefined || after.refused > 1) pool.open = 1;
  const patience = (1000 / rateOf(after, settings)) * 2 ** (after.refused - 1);
  pool.probeAt = now + Math.min(LONGEST_PROBE, patience);
}

function advertise(pool: Pool, most: number | undefined): void {
  const { advertised: _advertised, ...rest } = pool.state;
  pool.state = most === undefined ? rest : { ...rest, advertised: most };
}
