import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { statusLine } from './status-line.ts';
import type { RunStatus } from './status.ts';

/** Milliseconds: soon enough for somebody who wonders, and 120 lines an hour. */
const EVERY = 30_000;

/** Says every half minute how a run stands, until the function that it gives is called. */
export function startHeartbeat(clock: Clock, status: () => RunStatus, narrate: Narrator): () => void {
  let cancel = (): void => {};
  const beat = (): void => {
    cancel = clock.timer(EVERY, () => {
      narrate(statusLine(status()));
      beat();
    });
  };
  beat();
  return () => cancel();
}
