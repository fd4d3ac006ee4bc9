import type { Answer } from '../limiter.ts';

/**
 * If more than this fraction of requests fails for a while, the registry is sent fewer requests; it is never given up
 * for that.
 */
const TOO_MUCH = 0.2;

/** Weight of each response against those before it: about the last fifty count. */
const WEIGHT = 0.02;

/** Minimum time between two slow-downs: the effect of the first must show. */
const EVERY_MS = 2_000;

/** Tracks the share of recent requests that failed with a 5xx or without a response. */
type FailureShare = {
  /** Records a result; returns true if it makes the share of failures too large. */
  add(answer: Answer | undefined, now: number): boolean;
};

/** Starts without failures. */
export function failureShare(): FailureShare {
  let share = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    add: (answer, now) => {
      const failed = answer === undefined || answer.status >= 500;
      share += WEIGHT * ((failed ? 1 : 0) - share);
      if (!failed || share <= TOO_MUCH || now - last < EVERY_MS) return false;
      last = now;
      return true;
    },
  };
}
