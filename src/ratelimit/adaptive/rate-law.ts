/** Initial, lowest and highest rate, in requests a second. */
export type RateBounds = {
  readonly start: number;
  readonly floor: number;
  readonly ceiling: number;
  /** The limit that an earlier run learned: where the first search begins. */
  readonly limit?: number | undefined;
  /** Number of processes that share the limit but do not see each other's responses. Default: 1. */
  readonly sharers?: number | undefined;
  /** Before the first refusal, too, the rate doubles by seconds and not by round trips. Default: false. */
  readonly steady?: boolean | undefined;
};

/** Number and time of a sent request. */
export type Mark = { readonly number: number; readonly at: number };

/**
 * A rate and the learned properties of its limit: plain data, so that several processes can share it. Times are Unix
 * milliseconds. A bucket is *hungry* while requests wait only for its rate.
 */
export type RateState = {
  /** The rate right after the last cut, from which it grows. */
  readonly from: number;
  /** The assumed limit of the registry; unknown before the first refusal. */
  readonly limit?: number | undefined;
  /** Hungry milliseconds since the last cut: a rate that is not used up does not grow. */
  readonly hungry: number;
  /** Time of the last cut; it covers the refusals of all earlier requests. */
  readonly cutAt: number;
  /** The refused request that began the last cut: at that moment the registry's bucket was empty. */
  readonly empty?: Mark | undefined;
  /** Refusals of requests that were sent after `empty`. */
  readonly refusals: number;
  /** Consecutive refusals since the last cut; 0 once a later request is admitted. */
  readonly refused: number;
  /** Number of the latest refused request. */
  readonly refusedLast: number;
  /** Milliseconds since `empty` with hardly any requests, in which the registry's bucket may have been full. */
  readonly idle: number;
  /** Length of the pause after the last refusal in milliseconds: the cost of the next one. */
  readonly pause?: number | undefined;
  /** The registry refused all requests for longer than a bucket stays empty: it counts requests in fixed windows. */
  readonly windowed?: boolean | undefined;
  /** Rate and number of the requests from `empty` to the cut; set until a request from after the cut is answered. */
  readonly settling?: { readonly rate: number; readonly sent: number } | undefined;
  /** Fraction of the limit by which the last cut went below it. */
  readonly below: number;
  /** Measured lower bound of the limit. */
  readonly least?: number | undefined;
  /** The limit was guessed upwards; an immediate refusal then shows that the registry's bucket is deep. */
  readonly guessed?: boolean | undefined;
  /** Number of further cuts for which the bucket counts as deep: it admits long bursts and refuses late. */
  readonly deep?: number | undefined;
  /** Maximum rate according to the headers of the registry. */
  readonly advertised?: number | undefined;
};

/** While the limit is unknown, the rate doubles in this many milliseconds: from 60/s to 1,000/s in four seconds. */
const DOUBLING = 1000;

/**
 * Number of round trips in which the rate doubles before the first refusal, if that is sooner: about a seventeenth of all
 * requests so far is then under way, and at most so many are refused when the registry's bucket is empty.
 */
const DOUBLING_TRIPS = 12;

/** Shortest doubling in milliseconds: one timer that fires late must not double the rate. */
const SHORTEST_DOUBLING = 40;

/** From this rate on it doubles by seconds only: few registries permit more, and 20 connections seldom need it. */
const FAST = 1000;

/** Requests between two searches for a higher limit: each costs one or two refusals, which stay far under 2 %. */
const REQUESTS_PER_SEARCH = 110;
/** Maximum time between searches in milliseconds: a quota that grew fourfold is found within 15 s. */
const LONGEST_HOLD = 7500;
/** Minimum time: refusals stay exceptions, and their round trips a small part of the time. */
const SHORTEST_HOLD = 500;

/**
 * If refusals order a pause, this many pauses lie between searches; otherwise pauses would take a tenth of the time.
 */
const PAUSES_APART = 15;
/** A guessed limit is checked this many times as soon. */
const SOONER = 4;
/** Maximum of that in milliseconds: a pause of a minute must not delay the next search by a quarter of an hour. */
const LONGEST_PAUSED_HOLD = 20_000;
/** Most of a minute, in milliseconds: a search within a window of a minute would only use it up early. */
const WINDOW_HOLD = 45_000;

/** Growth during a search, as a fraction of the limit each second: slow enough to detect an unchanged limit. */
const SEARCH_SLOPE = 0.05;
/** After this many milliseconds without a refusal the limit must have grown, and the rate doubles. */
const SEARCH = 3000;

/** Time of the last cut before the first one. */
const NEVER_CUT = Number.MIN_SAFE_INTEGER;

/** Returns the state before the first response. */
export function startState({ start, limit }: RateBounds): RateState {
  return {
    from: start,
    limit,
    hungry: 0,
    cutAt: NEVER_CUT,
    refusals: 0,
    refused: 0,
    refusedLast: 0,
    idle: 0,
    below: 0,
  };
}

/**
 * Returns the current rate in requests a second: it approaches the known limit, fast at first, stays there, then grows
 * slowly, and finally doubles.
 */
export function rateOf(state: RateState, { floor, ceiling, sharers = 1 }: RateBounds): number {
  return Math.min(Math.max(grown(state, sharers), floor), ceiling, state.advertised ?? ceiling);
}

/** Returns the mean of recent round trips after one more: the last eight or so count. */
export function meanTrip(mean: number | undefined, trip: number): number {
  return mean === undefined ? trip : mean + (trip - mean) / 8;
}

/** Returns how many milliseconds each one counts for the growth of the rate, with round trips of `trip` milliseconds. */
export function paceOf(state: RateState, bounds: RateBounds, trip: number): number {
  const { sharers = 1, steady = false } = bounds;
  const isUnknown = state.cutAt === NEVER_CUT && state.limit === undefined && state.advertised === undefined;
  if (!isUnknown || steady || sharers > 1 || rateOf(state, bounds) >= FAST) return 1;
  return Math.max(1, DOUBLING / Math.max(SHORTEST_DOUBLING, DOUBLING_TRIPS * trip));
}

function grown(state: RateState, sharers: number): number {
  const { from, limit, hungry } = state;
  if (limit === undefined) return from * 2 ** (hungry / DOUBLING);
  const hold = holdOf(state, limit);
  if (hungry < hold) return limit - (limit - from) * (1 - hungry / hold) ** 3;
  // Each search costs a refusal, of whichever process: all together search as often as one.
  const beyond = Math.max(0, hungry - hold - (sharers - 1) * LONGEST_HOLD);
  if (beyond < SEARCH) return limit * (1 + (SEARCH_SLOPE * beyond) / 1000);
  return limit * (1 + (SEARCH_SLOPE * SEARCH) / 1000) * 2 ** ((beyond - SEARCH) / DOUBLING);
}

/** Returns how long the rate stays at or below the limit, in milliseconds. */
function holdOf({ windowed = false, guessed = false, pause = 0 }: RateState, limit: number): number {
  if (windowed) return WINDOW_HOLD;
  const apart = guessed ? PAUSES_APART / SOONER : PAUSES_APART;
  const forRequests = Math.min(LONGEST_HOLD, Math.max(SHORTEST_HOLD, (REQUESTS_PER_SEARCH / limit) * 1000));
  return Math.max(forRequests, Math.min(LONGEST_PAUSED_HOLD, pause * apart));
}
