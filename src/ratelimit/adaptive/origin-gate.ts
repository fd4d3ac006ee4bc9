import { onAbort } from '../../abort.ts';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Lane, Permit, Want } from '../limiter.ts';
import { freeSlots } from '../limits.ts';
import type { RateGroup } from './group.ts';
import { requestQueue, type Waiter, type RequestQueue } from './queue.ts';
import { smallest } from '../../lists.ts';

/** Waits until the lane of a request has a slot and its class and group a token. */
export type OriginGate = (want: Want, signal: AbortSignal) => Promise<Permit>;

type GateOptions = {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly group: RateGroup;
  /** A longer pause, in milliseconds, fails the waiting requests. */
  readonly maxWait: number;
  /** Called for each pause that a registry orders, with its end in Unix milliseconds. */
  readonly onPause?: (until: number) => void;
};

/** Milliseconds: a shorter pause ends before a user reads of it. */
const WORTH_REPORTING = 1000;

/** Creates a gate without waiting requests. */
export function originGate(options: GateOptions): OriginGate {
  const { clock, group } = options;
  const free = freeSlots(options.concurrency);
  const active: Record<Lane, number> = { small: 0, download: 0, upload: 0 };
  const queue = requestQueue();
  let cancelTimer: (() => void) | undefined;

  const admit = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    for (;;) {
      const now = clock.now();
      const waiting = queue.heads((lane) => free(lane, active));
      const isPaused = group.pausedUntil() > now;
      const next = isPaused ? undefined : waiting.find(({ want }) => group.wait(want.class, now) === 0);
      if (next === undefined) return waitForNext(waiting, isPaused, now);
      queue.leave(next);
      active[next.want.lane] += 1;
      next.go(permit(options, next.want, () => releaseSlot(next.want.lane)));
    }
  };
  const waitForNext = (waiting: readonly Waiter[], isPaused: boolean, now: number): void => {
    group.hungry(queue, new Set(isPaused ? [] : waiting.map(({ want }) => want.class)), now);
    if (waiting.length === 0) return;
    const pause = group.pausedUntil() - now;
    if (pause > options.maxWait) return failAll(queue.all(), group.pausedUntil());
    const wait = isPaused ? pause : smallest(waiting.map(({ want }) => group.wait(want.class, now)));
    cancelTimer = clock.timer(Math.ceil(wait), admit);
  };
  const releaseSlot = (lane: Lane): void => {
    active[lane] -= 1;
    admit();
  };

  group.wakes.add(admit);
  return (want, signal) => enter(queue, want, signal, admit);
}

function enter(queue: RequestQueue, want: Want, signal: AbortSignal, admit: () => void): Promise<Permit> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  const permitted = Promise.withResolvers<Permit>();
  const waiter: Waiter = { want, go: permitted.resolve, fail: permitted.reject };
  const cancel = onAbort(signal, () => {
    queue.leave(waiter);
    waiter.fail(signal.reason);
  });
  queue.enter(waiter);
  admit();
  return permitted.promise.finally(() => {
    cancel();
    queue.leave(waiter);
  });
}

/** Takes the tokens of a request, and returns its permit. */
function permit({ group, clock, onPause }: GateOptions, want: Want, releaseSlot: () => void): Permit {
  const taken = group.take(want.class, clock.now());
  let isAnswered = false;
  let held = true;
  const answered: Permit['answered'] = (answer) => {
    if (isAnswered) return;
    isAnswered = true;
    const before = group.pausedUntil();
    group.answered(taken, answer, clock.now());
    // Requests in flight are refused within the same pause, each a moment later: these are not reported again.
    if (group.pausedUntil() >= Math.max(before, clock.now()) + WORTH_REPORTING) onPause?.(group.pausedUntil());
  };
  return {
    answered,
    release: () => {
      if (!held) return;
      held = false;
      answered(undefined);
      releaseSlot();
    },
  };
}

function failAll(waiting: readonly Waiter[], until: number): void {
  const release = new Date(until).toISOString();
  for (const { want, fail } of waiting) {
    const hint = `retry after ${release}, or allow longer waits with --max-wait`;
    fail(new PromotionError('PAUSED_TOO_LONG', `${want.origin} asks to wait until ${release}`, { hint }));
  }
}
