/** Where a rate may move, in requests a second. */
export type RateBounds = { readonly start: number; readonly floor: number; readonly ceiling: number };

/** A rate and what was learned about its limit: plain data, so that several processes can share it. Times are Unix milliseconds. */
export type RateState = {
  /** The rate right after the last cut, from which it grows. */
  readonly from: number;
  /** What the registry is believed to allow; unknown until it refused. */
  readonly limit?: number;
  /** Milliseconds of hunger since the last cut: a rate that nobody uses up does not grow. */
  readonly hungry: number;
  /** Refusals of requests that were sent before this are already answered for. */
  readonly cutAt: number;
  /** The refused request that began the last cut: at that moment the registry's bucket was empty. */
  readonly empty?: Mark;
  /** Refusals since then, of requests that were sent later. */
  readonly refusals: number;
  /** Refusals in a row since the last cut; more than 0 until something was admitted again. */
  readonly refused: number;
  /** How many requests were sent from `empty` until the cut, and at what rate; until the first answer from after the cut. */
  readonly settling?: { readonly rate: number; readonly sent: number };
  /** By what share the last cut went below the limit. */
  readonly below: number;
  /** The registry allows at least this, as far as measured. */
  readonly least?: number;
  /** The limit is a guess, upwards; a refusal that follows at once shows that the registry's bucket is deep. */
  readonly guessed?: boolean;
  /** For so many cuts more the registry is known to let long bursts pass: it refuses late, at rates far over its limit. */
  readonly deep?: number;
  /** Never faster than this: the registry says so in its headers. */
  readonly advertised?: number;
};

/** A request among all that were sent: its number, and when. */
export type Mark = { readonly number: number; readonly at: number };

/** What one answer says about the limit: `admitted`, `refused` (429), or `failing` (503, or too many failures). */
export type Verdict = 'admitted' | 'refused' | 'failing';

/** An unknown limit is looked for by doubling every so many milliseconds: from 60/s to 1,000/s in four seconds. */
const DOUBLING = 1000;

/** After a cut to a known limit the rate starts this much below it, so that the registry's bucket gets some room. */
const BELOW = 0.08;

/** Each search for more costs one or two refusals: so many requests between two of them keep these far under 2 %. */
const REQUESTS_PER_SEARCH = 110;
/** But not longer than this, in milliseconds: a quota that grew fourfold is found within 15 s. */
const LONGEST_HOLD = 7500;
const SHORTEST_HOLD = 500;

/** A search goes a twentieth of the limit further each second, and after so many milliseconds doubles. */
const SEARCH_SLOPE = 0.05;
const SEARCH = 3000;
const CLOSE = 1.17;
const DEEP = 2;

/** The first refusal says only that the limit is lower, by an unknown factor: a low quota is hurt by every further guess. */
const FIRST_CUT = 0.125;

/** So many answers tell the admitted share well enough to compute the limit from it. */
const ENOUGH = 8;

/** A registry that fails is asked half as often each round trip. */
const FAILING_CUT = 0.5;

/** The state before anything was answered. */
export function startState({ start }: RateBounds): RateState {
  return { from: start, hungry: 0, cutAt: Number.NEGATIVE_INFINITY, refusals: 0, refused: 0, below: 0 };
}

/** Requests a second now: up to the remembered limit quickly and then ever slower, waits there, probes slowly, then doubles. */
export function rateOf(state: RateState, { floor, ceiling }: RateBounds): number {
  return Math.min(Math.max(grown(state), floor), ceiling, state.advertised ?? ceiling);
}

function grown({ from, limit, hungry }: RateState): number {
  if (limit === undefined) return from * 2 ** (hungry / DOUBLING);
  const hold = holdAt(limit);
  if (hungry < hold) return limit - (limit - from) * (1 - hungry / hold) ** 3;
  const beyond = hungry - hold;
  if (beyond < SEARCH) return limit * (1 + (SEARCH_SLOPE * beyond) / 1000);
  return limit * (1 + (SEARCH_SLOPE * SEARCH) / 1000) * 2 ** ((beyond - SEARCH) / DOUBLING);
}

function holdAt(limit: number): number {
  return Math.min(LONGEST_HOLD, Math.max(SHORTEST_HOLD, (REQUESTS_PER_SEARCH / limit) * 1000));
}

/** What is known about an answer: which request it answers, how many had been sent when it came, and when that was. */
export type Answered = {
  readonly verdict: Verdict;
  readonly request: Mark;
  readonly sent: number;
  readonly now: number;
};

/** The state after one more answer. */
export function learn(state: RateState, bounds: RateBounds, answer: Answered): RateState {
  const { verdict, request } = answer;
  const fresh = request.at > state.cutAt;
  const settled = fresh && state.settling !== undefined ? settle(state, bounds) : state;
  if (verdict === 'admitted') return fresh && settled.refused > 0 ? { ...settled, refused: 0 } : settled;
  if (fresh) return cut(settled, bounds, answer);
  const counts = verdict === 'refused' && settled.empty !== undefined && request.number > settled.empty.number;
  return counts ? { ...settled, refusals: settled.refusals + 1 } : settled;
}

function cut(state: RateState, bounds: RateBounds, { verdict, request, sent, now }: Answered): RateState {
  const rate = rateOf(state, bounds);
  // Nothing was admitted since: the registry is still empty, which says nothing new about how much it allows.
  if (state.refused > 0) return { ...state, cutAt: now, refused: state.refused + 1, refusals: state.refusals + 1 };
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
    settling: { rate, sent: sent - request.number + 1 },
  };
}

type Belief = Pick<RateState, 'limit' | 'least' | 'below' | 'guessed' | 'deep'>;

/** What is believed to be allowed, when this request was refused at this rate. */
function beliefAfter(state: RateState, rate: number, request: Mark): Belief {
  const { limit, empty, deep = 0, guessed = false, least } = state;
  if (empty === undefined) return { below: BELOW };
  // Between two moments at which the registry's bucket was empty it admitted exactly what it allows, or less where it was full meanwhile.
  const seconds = Math.max(1, request.at - empty.at) / 1000;
  const admitted = Math.max(0, request.number - empty.number - 1 - state.refusals);
  const measured = admitted / seconds;
  if (seconds < 0.5 || (admitted < 40 && seconds < 2)) {
    const exact = clamp(least ?? measured, (admitted - 0.5) / seconds, (admitted + 1) / seconds);
    return {
      limit: clamp(exact, rate * 0.15, rate * 0.98),
      least: measured,
      below: BELOW,
      deep: guessed ? DEEP : deep,
    };
  }
  const below = clamp(8 / admitted, 0.02, BELOW);
  const upto = rate * (1 - clamp(2 / admitted, 0.005, 0.06));
  if (limit !== undefined && rate <= limit * CLOSE)
    return { limit: Math.max(measured, upto), least: measured, below, deep };
  if (deep > 0 && limit !== undefined && rate < 2 * limit)
    return { limit: measured, least: measured, below, deep: deep - 1 };
  return { limit: Math.sqrt(measured * rate), least: measured, below: BELOW, guessed: true, deep: 0 };
}

/** Ends the settling of a cut: where much was refused, the admitted share is what the registry allows. */
function settle(state: RateState, { floor }: RateBounds): RateState {
  const { settling = { rate: 0, sent: 0 }, ...rest } = state;
  const { sent, rate } = settling;
  let { limit } = rest;
  const admitted = sent - 1 - rest.refusals;
  // Where nothing at all was admitted a window is used up, which says nothing about the rate.
  if (sent >= ENOUGH && admitted > 0) {
    const most = (rate * (admitted + 1 + 0.15 * sent)) / sent;
    limit = clamp(limit ?? most, (rate * (admitted - 1)) / sent, most);
    limit = Math.max(floor, Math.min(limit, rate * 0.98));
  }
  return limit === undefined ? rest : { ...rest, limit, from: limit * (1 - rest.below) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
