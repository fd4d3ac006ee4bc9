import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import { tooSlow, type Progress } from './progress.ts';
import type { Timeouts } from './timeouts.ts';
import { watchdog } from './watchdog.ts';

/** The timers of one exchange: one for the whole of it, one for the stage that it is in. */
export type StageTimers = {
  /** The socket has to take bytes. */
  sending(): void;
  /** The request is sent; its answer has to begin. */
  headers(): void;
  /** A reader waits for bytes of the answer. */
  receiving(): void;
  /** Bytes moved: the stage's time starts again. */
  moved(bytes: number): void;
  /** The other side of the stage is ours: no time runs. */
  rest(): void;
  /** Ends both timers. */
  stop(): void;
};

const HINT = 'check the network path to the host, or allow more time in the registry configuration';

/** Starts the whole exchange's timer; `what` names the request in the error that `fail` is called with when a time is over. */
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
  const cancelWhole = clock.timer(request, expire('TIMEOUT', 'not done within', request));
  const count = counting(clock, progress, timeouts.bytesPerMinute, (moved) =>
    fail(new PromotionError('TOO_SLOW', `${what}: only ${moved} bytes moved in half a minute`, { hint: HINT })),
  );
  return {
    sending: () => {
      count(0, true);
      stage.watch(idle, expire('STALLED', 'no byte could be sent for', idle));
    },
    headers: () => stage.watch(headers, expire('TIMEOUT', 'no answer within', headers)),
    receiving: () => {
      count(0, true);
      stage.watch(idle, expire('STALLED', 'no byte of the answer came for', idle));
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
      stage.rest();
      cancelWhole();
    },
  };
}

/** Counts bytes as they move and the time that the other side takes; `isWaiting` begins or ends that, and changes nothing unless given. */
function counting(
  clock: Clock,
  progress: Progress | undefined,
  floor: number,
  fail: (moved: number) => void,
): (bytes: number, isWaiting?: boolean) => void {
  if (progress === undefined) return () => undefined;
  let since: number | undefined;
  return (bytes, isWaiting = since !== undefined) => {
    const now = clock.now();
    const slow = tooSlow(progress, bytes, since === undefined ? 0 : now - since, floor);
    since = isWaiting ? now : undefined;
    if (slow !== undefined) fail(slow);
  };
}
