import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
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
  /** Something moved: the stage's time starts again. */
  touch(): void;
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
): StageTimers {
  const stage = watchdog(clock);
  const expire = (code: 'TIMEOUT' | 'STALLED', words: string, ms: number) => (): void =>
    fail(new PromotionError(code, `${what}: ${words} ${ms / 1000} s`, { hint: HINT }));
  const { headers, idle, request } = timeouts;
  const cancelWhole = clock.timer(request, expire('TIMEOUT', 'not done within', request));
  return {
    sending: () => stage.watch(idle, expire('STALLED', 'no byte could be sent for', idle)),
    headers: () => stage.watch(headers, expire('TIMEOUT', 'no answer within', headers)),
    receiving: () => stage.watch(idle, expire('STALLED', 'no byte of the answer came for', idle)),
    touch: stage.touch,
    rest: stage.rest,
    stop: () => {
      stage.rest();
      cancelWhole();
    },
  };
}
