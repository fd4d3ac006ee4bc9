import { probeInterval } from '../adaptive/bucket.ts';
import { rateOf, startState, type RateBounds, type RateState } from '../adaptive/rate-law.ts';
import { learn, type Answered, type Verdict } from '../adaptive/rate-learning.ts';

/** The shared state of one bucket: plain data, replaced as a whole. Times are on the clock of the store. */
export type SharedRecord = {
  /** Counts the changes, from 1. */
  readonly version: number;
  readonly state: RateState;
  /** Number of requests of all processes. */
  readonly sent: number;
  /** End of the counted hungry time: the same time of two processes counts once. */
  readonly fed: number;
  readonly pausedUntil: number;
  /** The last rate that the common budget was set to, and when. */
  readonly budget: { readonly rate: number; readonly at: number };
  /** Time of the last publication of each process. */
  readonly members: Readonly<Record<string, number>>;
};

/** Observations of one process since its last publication. */
type Seen = {
  readonly member: string;
  readonly now: number;
  /** Number of its requests. */
  readonly sent: number;
  /** Milliseconds in which its requests waited only for the rate. */
  readonly hungry: number;
  readonly answers: readonly Omit<Answered, 'sent'>[];
  readonly pausedUntil: number;
  /** The new rate that the registry promises; null if it no longer promises one, undefined if nothing changed. */
  readonly advertised?: number | null;
};

/** A process that has not published for this many milliseconds gets no share. */
const RECENT_MS = 5000;

/** The budget is set again when the rate changes by more than this fraction. */
const NOTICEABLE = 0.03;
/** And after this many milliseconds: two processes may have set it in the wrong order. */
const AGAIN = 1000;

/** Creates the record of an unused bucket. */
export function newRecord(bounds: RateBounds): SharedRecord {
  const never = { rate: 0, at: Number.MIN_SAFE_INTEGER };
  return { version: 0, state: startState(bounds), sent: 0, fed: 0, pausedUntil: 0, budget: never, members: {} };
}

/** Adds the observations of one process to a record. Its requests are already numbered, as the last ones. */
export function fold(record: SharedRecord, bounds: RateBounds, seen: Seen): SharedRecord {
  const { now } = seen;
  const sent = record.sent + seen.sent;
  const hungry = Math.min(seen.hungry, Math.max(0, now - record.fed));
  let state: RateState = { ...record.state, hungry: record.state.hungry + (record.state.refused > 0 ? 0 : hungry) };
  if (seen.advertised !== undefined) state = { ...state, advertised: seen.advertised ?? undefined };
  for (const { request, ...answer } of seen.answers) {
    state = learn(state, bounds, { ...answer, request: { number: request.number, at: request.at }, sent });
  }
  const alive = Object.entries(record.members).filter(([, at]) => now - at < RECENT_MS);
  const next: SharedRecord = {
    ...record,
    version: record.version + 1,
    state,
    sent,
    fed: seen.hungry > 0 ? Math.max(record.fed, now) : record.fed,
    pausedUntil: Math.max(record.pausedUntil, seen.pausedUntil),
    members: { ...Object.fromEntries(alive), [seen.member]: now },
  };
  const rate = flowRate(state, bounds);
  const { budget } = record;
  const isNoticeable = Math.abs(rate - budget.rate) > budget.rate * NOTICEABLE || now - budget.at > AGAIN;
  return isNoticeable || wasCut(record, next) ? { ...next, budget: { rate, at: now } } : next;
}

/** Returns true if the rate was cut between the two records. */
export function wasCut(before: SharedRecord, after: SharedRecord): boolean {
  return before.state.cutAt !== after.state.cutAt;
}

/** Returns the common rate in requests a second; while nothing is admitted, that of the probes. */
export function flowRate(state: RateState, bounds: RateBounds): number {
  return state.refused > 0 ? 1000 / probeInterval(state, bounds) : rateOf(state, bounds);
}

/** Returns the number of processes that share the rate, at least 1. */
export function sharers({ members }: SharedRecord, now: number): number {
  return Math.max(1, Object.values(members).filter((at) => now - at < RECENT_MS).length);
}

/** Returns the state at its current rate, or at its limit if it was searching for a higher one. */
export function withoutSearch(state: RateState, bounds: RateBounds): RateState {
  const from = Math.min(rateOf(state, bounds), state.limit ?? Number.POSITIVE_INFINITY);
  return { ...state, from, hungry: 0 };
}

/** Returns a process's share of the state after so many requests: that of all rates and of all counts. */
export function portionOf(state: RateState, count: number, sent: number): RateState {
  const { limit, least, advertised, empty } = state;
  const part = (rate: number | undefined): number | undefined => rate && rate / count;
  const renumbered = (before: number): number => sent - Math.round((sent - before) / count);
  return {
    ...state,
    from: state.from / count,
    limit: part(limit),
    least: part(least),
    advertised: part(advertised),
    settling: undefined,
    empty: empty && { number: renumbered(empty.number), at: empty.at },
    refusals: Math.round(state.refusals / count),
    refusedLast: renumbered(state.refusedLast),
  };
}

/** A sent request; its number is known when it is published. */
export type SentMark = { number: number; readonly at: number; readonly epoch: number; readonly local: boolean };

/** Numbers these requests after all published ones. */
export function number(marks: readonly SentMark[], { sent }: SharedRecord): void {
  for (const [index, mark] of marks.entries()) mark.number = sent + index + 1;
}

/** Returns true if a response with this verdict can change the state. */
export function isNews({ state }: SharedRecord, verdict: Verdict): boolean {
  return verdict !== 'admitted' || state.refused > 0 || state.settling !== undefined;
}
