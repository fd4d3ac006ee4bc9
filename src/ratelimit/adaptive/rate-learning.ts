import { rateOf, type Mark, type RateBounds, type RateState } from './rate-law.ts';

/** The meaning of a response for the limit: `admitted`, `refused` (429), or `failing` (503, or too many failures). */
export type Verdict = 'admitted' | 'refused' | 'failing';

/** A response: its request, the number of requests sent before it arrived, and the time of its arrival. */
export type Answered = {
  readonly verdict: Verdict;
  readonly request: Mark;
  readonly sent: number;
  readonly now: number;
  /** The pause that the registry orders, in milliseconds. */
  readonly pause?: number;
};

/** Factor of the first cut: the limit is lower by an unknown factor, and each further guess harms a low quota. */
const FIRST_CUT = 0.125;

/** Factor of the cut for each round trip in which the registry fails. */
const FAILING_CUT = 0.5;

/** After a cut to a known limit the rate starts this fraction below it, so that the registry's bucket refills. */
const BELOW = 0.06;
/** Less if refusals are rare: this many of the requests since the last refusal, but at least `LEAST_BELOW`. */
const ROOM = 8;
const LEAST_BELOW = 0.02;

/** An assumed limit is at most this fraction of the refused rate. */
const UNDER = 0.98;

/**
 * A refusal at a rate up to this factor over the limit confirms the limit. At a higher rate the limit has grown, or the
 * registry's bucket is deep.
 */
const CLOSE = 1.17;

/** Number of cuts for which a bucket counts as deep; then it is tested again. */
const DEEP = 2;
/** A limit measured on a deep bucket is raised by this power of rate/limit: part of the depth may be growth. */
const DEEP_RISE = 0.3;

/** Minimum number of responses to compute the limit from the admitted fraction. */
const ENOUGH = 8;
/** Refusals are clustered: a difference of less than this fraction is ignored. */
const HEAP = 0.15;

/** A bucket of one request a second is empty for a second; if it is empty for twice that, it is not a bucket. */
const LONGEST_EMPTY_S = 2;

/** Returns the state after one more response. */
export function learn(state: RateState, bounds: RateBounds, answer: Answered): RateState {
  const { verdict, request } = answer;
  const isFresh = request.at > state.cutAt;
  const settled = isFresh && state.settling !== undefined ? settle(state, bounds) : state;
  if (verdict === 'admitted')
    return settled.refused > 0 && request.number > settled.refusedLast ? resume(settled, bounds, request) : settled;
  if (isFresh) return cut(settled, bounds, answer);
  const counts = verdict === 'refused' && settled.empty !== undefined && request.number > settled.empty.number;
  return counts
    ? { ...settled, refusals: settled.refusals + 1, refusedLast: Math.max(settled.refusedLast, request.number) }
    : settled;
}

/** Requests are admitted again. If it was not the first try, the rate was far too high, or a window was used up. */
function resume(state: RateState, { floor }: RateBounds, request: Mark): RateState {
  const { empty, pause = 0 } = state;
  const flowing = { ...state, refused: 0, windowed: false, idle: pause };
  if (state.refused < 2 || empty === undefined) return flowing;
  const idle = request.at - empty.at;
  if (idle - pause > LONGEST_EMPTY_S * 1000) return { ...flowing, idle, windowed: true };
  const measured = (admittedSince(state, request, empty) * 1000) / Math.max(1, idle);
  return { ...flowing, idle, from: Math.max(floor, Math.min(state.from, measured)) };
}

function cut(state: RateState, bounds: RateBounds, answer: Answered): RateState {
  const { verdict, request, sent, now, pause = 0 } = answer;
  const rate = rateOf(state, bounds);
  // Nothing was admitted since the last refusal: the registry's bucket is still empty, and its limit is as before.
  if (verdict === 'refused' && state.refused > 0) {
    const more = { refused: state.refused + 1, refusals: state.refusals + 1, refusedLast: request.number };
    return { ...state, ...more, cutAt: now, pause: Math.max(pause, state.pause ?? 0) };
  }
  if (verdict === 'failing')
    return { ...state, from: Math.max(bounds.floor, rate * FAILING_CUT), hungry: 0, cutAt: now };
  const { limit: _limit, guessed: _guessed, least: _least, ...rest } = state;
  const belief = beliefAfter(state, rate, request);
  const { limit, below } = belief;
  const from = limit === undefined ? rate * FIRST_CUT : Math.min(limit * (1 - below), rate * (1 - 3 * below));
  return {
    ...rest,
    ...belief,
    from: Math.max(bounds.floor, from),
    hungry: 0,
    cutAt: now,
    empty: request,
    refusals: 0,
    refused: 1,
    refusedLast: request.number,
    pause,
    idle: 0,
    settling: { rate, sent: sent - request.number + 1 },
  };
}

type Belief = Pick<RateState, 'limit' | 'least' | 'below' | 'guessed' | 'deep'>;

/** Returns the assumed limit after this request was refused at this rate. */
function beliefAfter(state: RateState, rate: number, request: Mark): Belief {
  const { limit, empty, deep = 0, windowed = false } = state;
  if (empty === undefined) return { below: BELOW };
  // Between two moments with an empty bucket the registry admitted exactly its limit, or less if it was full meanwhile.
  const seconds = Math.max(1, request.at - empty.at) / 1000;
  const admitted = admittedSince(state, request, empty) - 1;
  const measured = admitted / seconds;
  if (windowed) return { limit: measured, least: measured, below: LEAST_BELOW, deep };
  const busy = Math.max(0.001, seconds - state.idle / 1000);
  if (busy < 0.5 || (admitted < 40 && busy < 2)) return measuredAtOnce(state, rate, { admitted, seconds, busy });

  const below = clamp(ROOM / Math.max(1, admitted), LEAST_BELOW, BELOW);
  const isPaused = (state.pause ?? 0) > 0;
  // Just under the rate; further below it if the refusal came early or ordered a pause.
  const under = rate * (1 - clamp(2 / Math.max(1, admitted), isPaused ? 0.03 : 0.005, isPaused ? 0.06 : 0.02));
  if (limit !== undefined && rate <= limit * CLOSE)
    return { limit: Math.max(measured, under), least: measured, below, deep };
  if (deep > 0 && limit !== undefined && rate < 2 * limit)
    return { limit: measured * (rate / measured) ** DEEP_RISE, least: measured, below: BELOW, deep: deep - 1 };
  return { limit: Math.sqrt(measured * rate), least: measured, below: BELOW, guessed: true, deep: 0 };
}

type Measured = { readonly admitted: number; readonly seconds: number; readonly busy: number };

/** For a second refusal soon after the first: the requests admitted between them bound the limit from both sides. */
function measuredAtOnce(state: RateState, rate: number, { admitted, seconds, busy }: Measured): Belief {
  const most = (admitted + 1) / busy;
  const exact = clamp(state.least ?? most, (admitted - 0.5) / seconds, most);
  return {
    limit: clamp(exact, rate * 0.15, rate * UNDER),
    least: admitted / busy,
    below: BELOW,
    deep: state.guessed === true ? DEEP : (state.deep ?? 0),
  };
}

/** Returns the number of requests admitted after `empty` up to this one; unanswered ones count as admitted. */
function admittedSince(state: RateState, request: Mark, empty: Mark): number {
  return Math.max(1, request.number - empty.number - state.refusals);
}

/** Ends the settling of a cut: if many requests were refused, the admitted fraction gives the limit. */
function settle(state: RateState, { floor }: RateBounds): RateState {
  const { settling = { rate: 0, sent: 0 }, ...rest } = state;
  const { sent, rate } = settling;
  let { limit } = rest;
  const admitted = sent - 1 - rest.refusals;
  // If no request was admitted, a window is used up, which does not determine the rate.
  if (sent >= ENOUGH && admitted > 0) {
    const most = (rate * (admitted + 1 + HEAP * sent)) / sent;
    limit = clamp(limit ?? most, (rate * (admitted - 1)) / sent, most);
    limit = Math.max(floor, Math.min(limit, rate * UNDER));
  }
  return limit === undefined ? rest : { ...rest, limit, from: limit * (1 - rest.below) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
