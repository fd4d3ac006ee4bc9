import { probeInterval } from '../adaptive/bucket.ts';
import { rateOf, startState, type RateBounds, type RateState } from '../adaptive/rate-law.ts';
import { learn, type Answered, type Verdict } from '../adaptive/rate-learning.ts';

/** What all processes know of one bucket: plain data, replaced as a whole. Times are those that all share. */
export type SharedRecord = {
  /** Counts the changes, from 1. */
  readonly version: number;
  readonly state: RateState;
  /** Requests sent by all. */
  readonly sent: number;
  /** Until when hunger has been counted: that of two processes at the same time counts once. */
  readonly fed: number;
  readonly pausedUntil: number;
  /** The rate that the common budget was last told, and when. */
  readonly budget: { readonly rate: number; readonly at: number };
  /** When each process was last heard of. */
  readonly members: Readonly<Record<string, number>>;
};

/** What one process saw since it last told. */
type Seen = {
  readonly member: string;
  readonly now: number;
  /** How many requests it sent. */
  readonly sent: number;
  /** For how many milliseconds it waited for nothing but the rate. */
  readonly hungry: number;
  readonly answers: readonly Omit<Answered, 'sent'>[];
  readonly pausedUntil: number;
  /** What the registry promises, where that is news; null where it promises nothing any more. */
  readonly advertised?: number | null;
};

/** A process that was not heard of for so long, in milliseconds, takes no share. */
const LATELY = 5000;

/** The budget follows the rate at each change by more than this share. */
const NOTICEABLE = 0.03;
/** And is told again after so many milliseconds, lest two processes told it in the wrong order. */
const AGAIN = 1000;

/** The record of a bucket that nobody has used. */
export function newRecord(bounds: RateBounds): SharedRecord {
  const never = { rate: 0, at: Number.MIN_SAFE_INTEGER };
  return { version: 0, state: startState(bounds), sent: 0, fed: 0, pausedUntil: 0, budget: never, members: {} };
}

/** The record after one process told what it saw; marks are numbered already, those of `seen.sent` requests as the last ones. */
export function fold(record: SharedRecord, bounds: RateBounds, seen: Seen): SharedRecord {
  const { now } = seen;
  const sent = record.sent + seen.sent;
  const hungry = Math.min(seen.hungry, Math.max(0, now - record.fed));
  let state: RateState = { ...record.state, hungry: record.state.hungry + (record.state.refused > 0 ? 0 : hungry) };
  if (seen.advertised !== undefined) {
    const { advertised: _old, ...rest } = state;
    state = seen.advertised === null ? rest : { ...rest, advertised: seen.advertised };
  }
  for (const { request, ...answer } of seen.answers) {
    state = learn(state, bounds, { ...answer, request: { number: request.number, at: request.at }, sent });
  }
  const alive = Object.entries(record.members).filter(([, at]) => now - at < LATELY);
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

/** Says whether a refusal or a failure stopped everything between the two. */
export function wasCut(before: SharedRecord, after: SharedRecord): boolean {
  return before.state.cutAt !== after.state.cutAt;
}

/** Requests a second that all together may send: the rate, and while nothing is admitted only tries. */
export function flowRate(state: RateState, bounds: RateBounds): number {
  return state.refused > 0 ? 1000 / probeInterval(state, bounds) : rateOf(state, bounds);
}

/** How many processes shared the rate lately, at least 1. */
export function sharers({ members }: SharedRecord, now: number): number {
  return Math.max(1, Object.values(members).filter((at) => now - at < LATELY).length);
}

/** The state of a process that goes on with this part of the rate, or of all when its part grows to the whole. */
export function scaled(state: RateState, factor: number): RateState {
  const { limit, least, advertised, settling, ...rest } = state;
  return {
    ...rest,
    from: state.from * factor,
    ...(limit !== undefined && { limit: limit * factor }),
    ...(least !== undefined && { least: least * factor }),
    ...(advertised !== undefined && { advertised: advertised * factor }),
    ...(settling !== undefined && { settling: { ...settling, rate: settling.rate * factor } }),
  };
}

/** A mark whose number is known only when it is told. */
export type OwnMark = { number: number; readonly at: number; readonly epoch: number; readonly alone: boolean };

/** Gives marks the numbers after those that all have sent. */
export function number(marks: readonly OwnMark[], { sent }: SharedRecord): void {
  for (const [index, mark] of marks.entries()) mark.number = sent + index + 1;
}

/** Says whether such an answer can change what is known. */
export function isNews({ state }: SharedRecord, verdict: Verdict): boolean {
  return verdict !== 'admitted' || state.refused > 0 || state.settling !== undefined;
}
