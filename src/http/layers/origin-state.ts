import { isUnanswered } from '../transport/network-error.ts';
import type { Outcome } from './transients.ts';

/** What requests to one origin have met so far. */
export type OriginState = {
  /** How many answers came. */
  answers: number;
  /** A whole budget brought no answer: the next requests are tried once, for hundreds of them would wait it out again. */
  isAway: boolean;
  /** Since when it was asked and has answered nobody; a time of the clock, in milliseconds. */
  silentSince: number | undefined;
};

/** A host that has answered nobody for so long is not asked again, in milliseconds: a read waits 25 s, a write 60 s. */
const MUTE = { read: 30_000, write: 90_000 };

/** Knows each origin from its first request on. */
export function originStates(): (origin: string) => OriginState {
  const states = new Map<string, OriginState>();
  return (origin) => {
    const state = states.get(origin) ?? { answers: 0, isAway: false, silentSince: undefined };
    states.set(origin, state);
    return state;
  };
}

/** Notes what came of an attempt, and says whether the host is mute: it takes requests, and answers none. */
export function noteOutcome(state: OriginState, outcome: Outcome, method: string, now: number): boolean {
  if ('response' in outcome) {
    state.isAway = false;
    state.answers += 1;
  }
  if ('response' in outcome || !isUnanswered(outcome.error)) {
    state.silentSince = undefined;
    return false;
  }
  const limit = method === 'GET' || method === 'HEAD' ? MUTE.read : MUTE.write;
  return now - (state.silentSince ?? now) >= limit;
}
