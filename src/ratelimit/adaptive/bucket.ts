import { meanTrip, paceOf, rateOf, startState, type Mark, type RateBounds, type RateState } from './rate-law.ts';
import { learn, type Answered, type Verdict } from './rate-learning.ts';

export type BucketSettings = RateBounds & {
  /** Maximum number of requests that may be sent at once after a pause. */
  readonly burst: number;
};

/** A token bucket whose rate adapts to the responses. Times are Unix milliseconds, and never decrease. */
export type AdaptiveBucket = {
  /** Returns the milliseconds until a request may be sent; 0 for now. */
  wait(now: number): number;
  /** Takes a token; call it only when `wait` returns 0. */
  take(now: number): Mark;
  /** Reports whether requests wait only for the rate of this bucket: it grows only while it is used up. */
  hungry(yes: boolean, now: number): void;
  /** Reports the result of a request and the pause that it orders; without a verdict it does not affect the rate. */
  answered(verdict: Verdict | undefined, request: Mark, now: number, pause?: number): void;
  /** Limits the rate, in requests a second, from now on; undefined removes the limit. */
  advertise(rate: number | undefined, now: number): void;
  /** Returns the rate in requests a second. */
  rate(now: number): number;
  /** Returns the end of the pause that other processes observed; 0 if there is none. */
  pausedUntil(): number;
  readonly state: RateState;
};

/** A learned state, and the number of requests in it. */
type Known = { readonly state: RateState; readonly sent: number };

/** Timers fire late by some milliseconds; the tokens of this many are kept, because they would be lost each time. */
export const LATENESS = 10;

/**
 * Below this many requests a second, no tokens are kept for late timers: they cost little there, and a registry that
 * admits one request every 100 ms refuses one that comes 90 ms after a late one.
 */
const EVENLY = 20;

/** Sums of fractions miss a whole token by less than this; without it a wait could be too short to move the clock. */
const EPSILON = 1e-6;

/** Maximum interval of probes while all requests are refused, in milliseconds: short enough for a quota per minute. */
const LONGEST_PROBE = 5000;

/** A request without a response for this many milliseconds no longer holds others up. */
export const PATIENCE = 1000;

/** Growth of the burst with each response: small, so that a low quota is noticed after few refusals. */
export const OPENING = 1 / 3;

/** State of a bucket; mutable. */
type Pool = {
  readonly settings: BucketSettings;
  state: RateState;
  tokens: number;
  updated: number;
  hungry: boolean;
  unanswered: number;
  sent: number;
  /** Maximum number of unanswered requests; unlimited once it reaches the burst. */
  open: number;
  /** Maximum number of saved tokens. */
  depth: number;
  probeAt: number;
  takenAt: number;
  /** Mean round trip of the recent requests, in milliseconds. */
  trip: number | undefined;
};

/** Creates a bucket that starts at `start`, or with the known state. Its burst grows from 1 with every response. */
export function adaptiveBucket(settings: BucketSettings, now: number, known?: Known): AdaptiveBucket {
  const { state, sent } = known ?? { state: startState(settings), sent: 0 };
  const counts = { tokens: 1, unanswered: 0, sent, open: 1, depth: 1, trip: undefined };
  const times = { updated: now, probeAt: now, takenAt: now };
  const pool: Pool = { settings, state, hungry: false, ...counts, ...times };
  const at = <T>(time: number, then: () => T): T => {
    refill(pool, time);
    return then();
  };
  return {
    wait: (time) => at(time, () => waitOf(pool, time)),
    take: (time) => at(time, () => take(pool, time)),
    hungry: (yes, time) => at(time, () => void (pool.hungry = yes)),
    answered: (verdict, request, time, pause = 0) =>
      at(time, () => {
        pool.unanswered = Math.max(0, pool.unanswered - 1);
        if (verdict !== undefined) learnFrom(pool, { verdict, request, sent: pool.sent, now: time, pause });
      }),
    advertise: (most, time) => at(time, () => advertise(pool, most)),
    rate: (time) => at(time, () => rateOf(pool.state, settings)),
    pausedUntil: () => 0,
    get state() {
      return pool.state;
    },
  };
}

function take(pool: Pool, now: number): Mark {
  pool.tokens -= 1;
  if (rateOf(pool.state, pool.settings) < EVENLY) pool.tokens = Math.floor(pool.tokens + EPSILON);
  pool.unanswered += 1;
  pool.sent += 1;
  pool.takenAt = now;
  if (pool.state.refused > 0) pool.probeAt = now + probeInterval(pool.state, pool.settings);
  return { number: pool.sent, at: now };
}

function refill(pool: Pool, now: number): void {
  const passed = now - pool.updated;
  if (passed <= 0) return;
  const rate = rateOf(pool.state, pool.settings);
  const grows = pool.hungry && pool.state.refused === 0 && !awaitsAnswer(pool);
  if (grows) pool.state = { ...pool.state, hungry: pool.state.hungry + passed * rampOf(pool) };
  const cap = Math.floor(pool.depth) + (rate * LATENESS) / 1000;
  pool.tokens = Math.min(Math.max(pool.tokens, Math.min(cap, pool.tokens + (rate * passed) / 1000)), cap);
  pool.updated = now;
}

/** Returns how many times as fast as by seconds the rate doubles; a burst that opens shows low quotas first. */
function rampOf({ state, settings, trip, open }: Pool): number {
  return trip === undefined || open < settings.burst ? 1 : paceOf(state, settings, trip);
}

/** Returns true if only a response permits the next request: at the start, and after a time without admissions. */
function awaitsAnswer({ settings, unanswered, open }: Pool): boolean {
  return open < settings.burst && unanswered >= Math.floor(open);
}

function waitOf(pool: Pool, now: number): number {
  const { settings, state, tokens, probeAt, takenAt } = pool;
  const forAnswer = awaitsAnswer(pool) ? takenAt + PATIENCE - now : 0;
  const forToken = tokens > 1 - EPSILON ? 0 : ((1 - tokens) * 1000) / rateOf(state, settings);
  return Math.max(forToken, forAnswer, probeAt - now, 0);
}

function learnFrom(pool: Pool, answer: Answered): void {
  const { settings } = pool;
  const { now } = answer;
  const before = pool.state;
  const after = learn(before, settings, answer);
  pool.state = after;
  if (answer.verdict === 'admitted') {
    pool.trip = meanTrip(pool.trip, now - answer.request.at);
    pool.open = Math.min(settings.burst, pool.open + OPENING);
    pool.depth = Math.min(settings.burst, pool.depth + OPENING);
    if (after.refused === 0) pool.probeAt = now;
  }
  if (after.cutAt === before.cutAt) return;
  pool.tokens = Math.min(pool.tokens, 0);
  pool.depth = 1;
  if (after.limit === undefined || after.refused > 1) pool.open = 1;
  pool.probeAt = now + probeInterval(after, settings);
}

/** Returns the milliseconds between two probes while nothing is admitted; doubles with each refusal. */
export function probeInterval(state: RateState, settings: RateBounds): number {
  return Math.min(LONGEST_PROBE, (1000 / rateOf(state, settings)) * 2 ** Math.max(0, state.refused - 1));
}

function advertise(pool: Pool, most: number | undefined): void {
  pool.state = { ...pool.state, advertised: most };
}
