import { rateOf, type Mark, type RateBounds, type RateState } from './rate-law.ts';

/** What one answer says about the limit: `admitted`, `refused` (429), or `failing` (503, or too many failures). */
export type Verdict = 'admitted' | 'refused' | 'failing';

/** What is known about an answer: which request it answers, how many had been sent when it came, and when that was. */
export type Answered = {
  readonly verdict: Verdict;
  readonly request: Mark;
  readonly sent: number;
  readonly now: number;
  /** How long the registry orders to wait, in milliseconds. */
  readonly pause?: number;
};

/** The first refusal says only that the limit is lower, by an unknown factor: a low quota is hurt by every further guess. */
const FIRST_CUT = 0.125;

/** A registry that fails is asked half as often each round trip. */
const FAILING_CUT = 0.5;

/** After a cut to a known limit the rate starts this much below it, so that the registry's bucket gets some room. */
const BELOW = 0.06;
/** Less where refusals are rare: so many of the requests since the last one, and not less than this. */
const ROOM = 8;
const LEAST_BELOW = 0.02;

/** No limit is believed to be at the rate itself, which was refused. */
const UNDER = 0.98;

/** A refusal at a rate this close over the limit confirms it; at a higher one the limit has grown, or the registry's bucket is deep. */
const CLOSE = 1.17;

/** A bucket that turned out to be deep stays so for some cuts, and is then tried again. */
const DEEP = 2;
/** And a limit that was measured on it is raised by this power of what the rate was over it: some of its depth may be growth. */
const DEEP_RISE = 0.3;

/** So many answers tell the admitted share well enough to compute the limit from it. */
const ENOUGH = 8;
/** Refusals come in heaps; fewer than this share more say nothing. */
const HEAP = 0.15;

/** A bucket that allows one request a second is empty for a second; one that stays empty for twice that is none. */
const LONGEST_EMPTY_S = 2;

/** The state after one more answer. */
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

/** Something is admitted again; where it was not the first try, the rate was far too high, or a window was used up. */
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
  // Nothing was admitted since: the registry is still empty, which says nothing new about how much it allows.
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

/** What is believed to be allowed, when this request was refused at this rate. */
function beliefAfter(state: RateState, rate: number, request: Mark): Belief {
  const { limit, empty, deep = 0, windowed = false } = state;
  if (empty === undefined) return { below: BELOW };
  // Between two moments at which the registry's bucket was empty it admitted exactly what it allows, or less where it was full meanwhile.
  const seconds = Math.max(1, request.at - empty.at) / 1000;
  const admitted = admittedSince(state, request, empty) - 1;
  const measured = admitted / seconds;
  if (windowed) return { limit: measured, least: measured, below: LEAST_BELOW, deep };
  const busy = Math.max(0.001, seconds - state.idle / 1000);
  if (busy < 0.5 || (admitted < 40 && busy < 2)) return measuredAtOnce(state, rate, { admitted, seconds, busy });

  const below = clamp(ROOM / Math.max(1, admitted), LEAST_BELOW, BELOW);
  const isPaused = (state.pause ?? 0) > 0;
  // Just under the rate, and the more so the sooner it was refused, or the more that costs.
  const under = rate * (1 - clamp(2 / Math.max(1, admitted), isPaused ? 0.03 : 0.005, isPaused ? 0.06 : 0.02));
  if (limit !== undefined && rate <= limit * CLOSE)
    return { limit: Math.max(measured, under), least: measured, below, deep };
  if (deep > 0 && limit !== undefined && rate < 2 * limit)
    return { limit: measured * (rate / measured) ** DEEP_RISE, least: measured, below: BELOW, deep: deep - 1 };
  return { limit: Math.sqrt(measured * rate), least: measured, below: BELOW, guessed: true, deep: 0 };
}

type Measured = { readonly admitted: number; readonly seconds: number; readonly busy: number };

/** A second refusal soon after the first: what was admitted between them bounds the limit from both sides. */
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

/** How many requests were admitted after `empty`, up to this one; those still unanswered are taken for admitted. */
function admittedSince(state: RateState, request: Mark, empty: Mark): number {
  return Math.max(1, request.number - empty.number - state.refusals);
}

/** Ends the settling of a cut: where much was refused, the admitted share is what the registry allows. */
function settle(state: RateState, { floor }: RateBounds): RateState {
  const { settling = { rate: 0, sent: 0 }, ...rest } = state;
  const { sent, rate } = settling;
  let { limit } = rest;
  const admitted = sent - 1 - rest.refusals;
  // Where nothing at all was admitted a window is used up, which says nothing about the rate.
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
