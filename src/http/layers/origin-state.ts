import { isUnanswered } from '../transport/network-error.ts';
import type { Outcome } from './transients.ts';

/** What the requests to one origin have met so far. */
export type OriginState = {
  /** Number of responses. */
  answers: number;
  /**
   * True after a whole retry budget brought no response. Later requests are then tried once, or hundreds of them would
   * each wait for the whole budget.
   */
  isDown: boolean;
  /** Time of the first request since the last response, in milliseconds of the clock. */
  silentSince: number | undefined;
};

/**
 * An origin that has sent no response for this long is not tried again, in milliseconds: a read waits 25 s, a write 60
 * s.
 */
const SILENCE_LIMIT = { read: 30_000, write: 90_000 };

/** Returns a function that keeps the state of each origin. */
export function originStates(): (origin: string) => OriginState {
  const states = new Map<string, OriginState>();
  return (origin) => {
    const state = states.get(origin) ?? { answers: 0, isDown: false, silentSince: undefined };
    states.set(origin, state);
    return state;
  };
}

/** Maximum duration of an attempt in milliseconds. A longer one means that this machine slept, not the host. */
const LONGEST_ATTEMPT = 120_000;

/** The method of an attempt, and its begin and end on the clock, in milliseconds. */
export type Attempt = { readonly method: string; readonly began: number; readonly ended: number };

/** Records the outcome of an attempt. Returns true if the host accepts requests but has stopped responding. */
export function recordOutcome(state: OriginState, outcome: Outcome, { method, began, ended }: Attempt): boolean {
  if ('response' in outcome) {
    state.isDown = false;
    state.answers += 1;
  }
  if ('response' in outcome || !isUnanswered(outcome.error) || ended - began > LONGEST_ATTEMPT) {
    state.silentSince = undefined;
    return false;
  }
  const limit = method === 'GET' || method === 'HEAD' ? SILENCE_LIMIT.read : SILENCE_LIMIT.write;
  return ended - (state.silentSince ?? ended) >= limit;
}
