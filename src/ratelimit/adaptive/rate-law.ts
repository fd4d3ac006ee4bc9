/** Where a rate may move, in requests a second. */
export type RateBounds = { readonly start: number; readonly floor: number; readonly ceiling: number };

/** A request among all that were sent: its number, and when. */
export type Mark = { readonly number: number; readonly at: number };

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
  /** Refusals in a row since the last cut; more than 0 until something that was sent later is admitted. */
  readonly refused: number;
  /** The number of the latest request that was refused. */
  readonly refusedLast: number;
  /** Milliseconds since `empty` in which hardly anything was sent, so that the registry's bucket may have been full. */
  readonly idle: number;
  /** Milliseconds for which the last refusal stopped everything: what the next one will cost. */
  readonly pause?: number;
  /** The registry refused everything for longer than a bucket stays empty: it counts in windows. */
  readonly windowed?: boolean;
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

/** An unknown limit is looked for by doubling every so many milliseconds: from 60/s to 1,000/s in four seconds. */
const DOUBLING = 1000;

/** Each search for more costs one or two refusals: so many requests between two of them keep these far under 2 %. */
const REQUESTS_PER_SEARCH = 110;
/** But not longer than this, in milliseconds: a quota that grew fourfold is found within 15 s. */
const LONGEST_HOLD = 7500;
/** Nor shorter: a refusal stays an exception, and its round trip a small part of the time. */
const SHORTEST_HOLD = 500;

/** Where each refusal orders a pause, searches are so many pauses apart, or pauses would be a tenth of the time. */
const PAUSES_APART = 15;
/** And a guess is looked into after this part of that. */
const SOONER = 4;
/** A pause of a minute does not put the next search off by a quarter of an hour; milliseconds. */
const LONGEST_PAUSED_HOLD = 20_000;
/** Most of a minute, in milliseconds: a search within a window of that length would only use it up early. */
const WINDOW_HOLD = 45_000;

/** A search goes a twentieth of the limit further each second: slowly enough that it meets a limit that stayed. */
const SEARCH_SLOPE = 0.05;
/** After so many milliseconds the limit must have grown, and is looked for by doubling. */
const SEARCH = 3000;

/** The state before anything was answered. */
export function startState({ start }: RateBounds): RateState {
  const never = Number.MIN_SAFE_INTEGER;
  return { from: start, hungry: 0, cutAt: never, refusals: 0, refused: 0, refusedLast: 0, idle: 0, below: 0 };
}

/** Requests a second now: up to the remembered limit quickly and then ever slower, waits there, probes slowly, then doubles. */
export function rateOf(state: RateState, { floor, ceiling }: RateBounds): number {
  return Math.min(Math.max(grown(state), floor), ceiling, state.advertised ?? ceiling);
}

function grown(state: RateState): number {
  const { from, limit, hungry } = state;
  if (limit === undefined) return from * 2 ** (hungry / DOUBLING);
  const hold = holdOf(state, limit);
  if (hungry < hold) return limit - (limit - from) * (1 - hungry / hold) ** 3;
  const beyond = hungry - hold;
  if (beyond < SEARCH) return limit * (1 + (SEARCH_SLOPE * beyond) / 1000);
  return limit * (1 + (SEARCH_SLOPE * SEARCH) / 1000) * 2 ** ((beyond - SEARCH) / DOUBLING);
}

/** How long the rate stays at or below the limit, in milliseconds. */
function holdOf({ windowed = false, guessed = false, pause = 0 }: RateState, limit: number): number {
  if (windowed) return WINDOW_HOLD;
  const apart = guessed ? PAUSES_APART / SOONER : PAUSES_APART;
  const forRequests = Math.min(LONGEST_HOLD, Math.max(SHORTEST_HOLD, (REQUESTS_PER_SEARCH / limit) * 1000));
  return Math.max(forRequests, Math.min(LONGEST_PAUSED_HOLD, pause * apart));
}
