import type { Answer } from '../limiter.ts';

/** A registry of which more than this share fails for a while is asked more slowly, and never given up for it. */
const TOO_MUCH = 0.2;

/** Each answer weighs so much against those before it: about the last fifty count. */
const WEIGHT = 0.02;

/** One slow-down shows its effect before the next. */
const EVERY_MS = 2_000;

/** Watches how many requests failed lately, by a 5xx or without an answer. */
export type TroubleShare = {
  /** True when this failure is one too many. */
  add(answer: Answer | undefined, now: number): boolean;
};

/** Starts without trouble. */
export function troubleShare(): TroubleShare {
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
