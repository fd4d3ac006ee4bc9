import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import { tooSlow, type Progress } from './progress.ts';
import type { Timeouts } from './timeouts.ts';
import { watchdog } from './watchdog.ts';

/** The timers of one exchange: one for the whole exchange, one for its current stage. */
export type StageTimers = {
  /** Starts the stage in which the socket sends bytes. */
  sending(): void;
  /** Starts the stage after the request is sent, until the first response header. */
  headers(): void;
  /** Starts the stage in which a reader waits for response bytes. */
  receiving(): void;
  /** Restarts the stage's timer because bytes moved. */
  moved(bytes: number): void;
  /** Pauses the stage's timer while the delay is on our side. */
  rest(): void;
  /** Stops both timers. */
  stop(): void;
};

const HINT = 'check the network path to the host, or set longer timeouts in the registry configuration';

/**
 * Starts the timer of the whole exchange. When a timer expires, calls `fail` with an error that names the request as
 * `what`.
 */
export function stageTimers(
  what: string,
  clock: Clock,
  timeouts: Timeouts,
  fail: (error: PromotionError) => void,
  progress?: Progress,
): StageTimers {
  const stage = watchdog(clock);
  const expire = (code: 'TIMEOUT' | 'STALLED', words: string, ms: number) => (): void =>
    fail(new PromotionError(code, `${what}: ${words} ${ms / 1000} s`, { hint: HINT }));
  const { headers, idle, request } = timeouts;
  const cancelWhole = clock.limit(request, expire('TIMEOUT', 'not done within', request));
  const count = counting(clock, progress, timeouts.bytesPerMinute, (moved) =>
    fail(new PromotionError('TOO_SLOW', `${what}: only ${moved} bytes moved in half a minute`, { hint: HINT })),
  );
  return {
    sending: () => {
      count(0, true);
      stage.watch(idle, expire('STALLED', 'no byte sent for', idle));
    },
    headers: () => stage.watch(headers, expire('TIMEOUT', 'no response within', headers)),
    receiving: () => {
      count(0, true);
      stage.watch(idle, expire('STALLED', 'no byte of the response for', idle));
    },
    moved: (bytes) => {
      stage.touch();
      count(bytes);
    },
    rest: () => {
      count(0, false);
      stage.rest();
    },
    stop: () => {
      stage.stop();
      cancelWhole();
    },
  };
}

/**
 * Counts the bytes that move and the time that the other side takes. `isWaiting` starts or stops that time; undefined
 * leaves it as it is.
 */
function counting(
  clock: Clock,
  progress: Progress | undefined,
  floor: number,
  fail: (moved: number) => void,
): (bytes: number, isWaiting?: boolean) => void {
  if (progress === undefined) return () => undefined;
  let since: number | undefined;
  return (bytes, isWaiting = since !== undefined) => {
    const now = clock.elapsed();
    const slow = tooSlow(progress, bytes, since === undefined ? 0 : now - since, floor);
    since = isWaiting ? now : undefined;
    if (slow !== undefined) fail(slow);
  };
}
