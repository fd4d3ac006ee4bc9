import type { Clock } from '../clock.ts';
import type { Narrator } from '../events.ts';
import { statusLine } from './status-line.ts';
import type { RunStatus } from './status.ts';

/** 30 s, in milliseconds: 120 lines an hour. */
const EVERY = 30_000;

/** Logs the status of a run every 30 s, until the returned function is called. */
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
