import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { standingLine } from './sentence.ts';
import type { Standing } from './standing.ts';

/** Milliseconds: soon enough for somebody who wonders, and 120 lines an hour. */
const EVERY = 30_000;

/** Says every half minute how a run stands, until the function that it gives is called. */
export function startHeartbeat(clock: Clock, standing: () => Standing, narrate: Narrator): () => void {
  let cancel = (): void => {};
  const beat = (): void => {
    cancel = clock.timer(EVERY, () => {
      narrate(standingLine(standing()));
      beat();
    });
  };
  beat();
  return () => cancel();
}
