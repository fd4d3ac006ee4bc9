/** What the requests to one origin have met so far. */
export type OriginState = {
  /** Number of responses. */
  answers: number;
  /**
   * True after a whole retry budget brought no response. Later requests are then tried once, or hundreds of them would
   * each wait for the whole budget.
   */
  isDown: boolean;
};

/** Returns a function that keeps the state of each origin. */
export function originStates(): (origin: string) => OriginState {
  const states = new Map<string, OriginState>();
  return (origin) => {
    const state = states.get(origin) ?? { answers: 0, isDown: false };
    states.set(origin, state);
    return state;
  };
}
