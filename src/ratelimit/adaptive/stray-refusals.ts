import type { RequestClass } from '../limiter.ts';
import type { Verdict } from './rate-learning.ts';

/**
 * The state of the search for a limit: nothing is known, it is `unknown` after refusals, the rate is `below` or above it
 * (`search`), or the rate is `lowered` to see whether single refusals stop.
 */
export type Phase = 'nothing' | 'unknown' | 'below' | 'search' | 'lowered';

/** The meaning of a refusal. */
type Judgement = {
  readonly verdict: Verdict;
  /** Fraction of requests refused beyond the stray ones; undefined if no stray ones are known. */
  readonly over?: number | undefined;
};

/**
 * Separates the refusals of a limit from stray ones, which some registries and proxies return at any rate. Those of a
 * limit come in runs once the registry's bucket is empty, and stop when the rate is lowered.
 */
export type StrayRefusals = {
  admitted(kind: RequestClass): void;
  /** Judges a refusal without an ordered pause. */
  judge(kind: RequestClass, phase: Phase): Judgement;
};

/** Up to this fraction of stray refusals is expected of every registry. */
const USUAL = 0.02;
/** A larger fraction is not learned: a run could no longer be told from it. */
const MOST = 0.06;

/** Fraction of refusals in a run: the rate is half above the limit. */
const RUN = 1 / 3;
/** Where stray refusals are known, this additional fraction shows a limit. */
const MORE = 0.06;

/**
 * Refusals are a run if they are e^4.5 times as likely in one: two of four requests. Of the first requests this is
 * certain enough; later, a chance would come too often, and it takes e^6.5: three of seven.
 */
const CERTAIN = 4.5;
const LATER = 6.5;
/** A quota of 30/s with a burst of a second is used up by about this many. */
const FIRST_REQUESTS = 40;

/** Number of single refusals after which the rate is lowered to see whether they stop. */
const SUSPECT = 3;
/** They count together if at most this many requests lie between two: a search is rarer, and a fraction of 2 % denser. */
const TOGETHER = 60;
/** Number of requests between two refusals at which the later one is not a late one of a limit. */
const APART = 25;

/** A fraction from few requests is uncertain: as if so many more had been admitted. */
const PRIOR = 50;

/** Stray refusals have ended if none was among this many times the requests for which one is expected. */
const ENDED = 6;

/** Counts since refusals became more likely in a run than by chance, and the logarithm of by how much. */
type Run = { readonly score: number; readonly refused: number; readonly total: number };
const NO_RUN: Run = { score: 0, refused: 0, total: 0 };

/** Refusals in the order of their responses; mutable. */
type Seen = {
  /** Fraction of requests that are refused at any rate; undefined until lower rates have not stopped the refusals. */
  share: number | undefined;
  single: number;
  requests: number;
  /** Admitted requests since the first single refusal, and since the last refusal. */
  since: number;
  last: number;
  readonly runs: Map<RequestClass | 'all', Run>;
};

/** Starts without refusals. */
export function strayRefusals(): StrayRefusals {
  const seen: Seen = { share: undefined, single: 0, requests: 0, since: 0, last: 0, runs: new Map() };
  return {
    admitted: (kind) => {
      seen.since += 1;
      seen.last += 1;
      seen.requests += 1;
      if (seen.share !== undefined && seen.last * seen.share > ENDED) seen.share = undefined;
      if (seen.runs.size > 0) longestRun(seen, kind, false);
    },
    judge: (kind, phase) => {
      const { score, refused, total } = longestRun(seen, kind, true);
      const { share, last } = seen;
      seen.last = 0;
      if (score < (seen.requests < FIRST_REQUESTS ? CERTAIN : LATER))
        return { verdict: share === undefined ? judgeSingle(seen, phase, last) : 'stray' };
      seen.runs.clear();
      seen.single = 0;
      return { verdict: 'refused', over: share && Math.max(0, refused / total - share) };
    },
  };
}

/** Adds a response to the runs of all requests and of its class; returns the more likely one. */
function longestRun({ share, runs }: Seen, kind: RequestClass, isRefused: boolean): Run {
  const stray = share ?? USUAL;
  const run = share === undefined ? RUN : stray + MORE;
  const more = isRefused ? Math.log(run / stray) : Math.log((1 - run) / (1 - stray));
  let longest = NO_RUN;
  for (const key of ['all', kind] as const) {
    const { score, refused, total } = runs.get(key) ?? NO_RUN;
    const next = { score: score + more, refused: refused + (isRefused ? 1 : 0), total: total + 1 };
    if (next.score > 0) runs.set(key, next);
    else runs.delete(key);
    if (next.score > longest.score) longest = next;
  }
  return longest;
}

/** Judges a refusal `apart` requests after the one before, while no stray ones are known. */
function judgeSingle(seen: Seen, phase: Phase, apart: number): Verdict {
  if (seen.single === 0 || apart > TOGETHER) Object.assign(seen, { since: 0, single: 0 });
  seen.single += 1;
  if (phase === 'lowered' && apart >= APART) {
    seen.share = Math.min(MOST, Math.max(USUAL, seen.single / (seen.since + PRIOR)));
    seen.runs.clear();
    return 'cleared';
  }
  if (phase === 'lowered' || seen.single >= SUSPECT) return 'suspect';
  const isFirst = phase === 'unknown' && apart >= APART && seen.single === 1;
  return phase === 'nothing' || isFirst ? 'stray' : 'refused';
}
