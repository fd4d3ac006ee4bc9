import { onAbort } from '../../abort.ts';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Lane, Permit, Want } from '../limiter.ts';
import { vacancies } from '../limits.ts';
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

/** Milliseconds: a shorter pause is over before it is read. */
const WORTH_TELLING = 1000;

/** Creates a gate without waiting requests. */
export function originGate(options: GateOptions): OriginGate {
  const { clock, group } = options;
  const free = vacancies(options.concurrency);
  const active: Record<Lane, number> = { small: 0, download: 0, upload: 0 };
  const room = requestQueue();
  let cancelTimer: (() => void) | undefined;

  const admit = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    for (;;) {
      const now = clock.now();
      const waiting = room.heads((lane) => free(lane, active));
      const isPaused = group.pausedUntil() > now;
      const next = isPaused ? undefined : waiting.find(({ want }) => group.wait(want.class, now) === 0);
      if (next === undefined) return rest(waiting, isPaused, now);
      room.leave(next);
      active[next.want.lane] += 1;
      next.go(permit(options, next.want, () => leaveSlot(next.want.lane)));
    }
  };
  const rest = (waiting: readonly Waiter[], isPaused: boolean, now: number): void => {
    group.hungry(room, new Set(isPaused ? [] : waiting.map(({ want }) => want.class)), now);
    if (waiting.length === 0) return;
    const pause = group.pausedUntil() - now;
    if (pause > options.maxWait) return failAll(room.everybody(), group.pausedUntil());
    const wait = isPaused ? pause : smallest(waiting.map(({ want }) => group.wait(want.class, now)));
    cancelTimer = clock.timer(Math.ceil(wait), admit);
  };
  const leaveSlot = (lane: Lane): void => {
    active[lane] -= 1;
    admit();
  };

  group.wakes.add(admit);
  return (want, signal) => enter(room, want, signal, admit);
}

function enter(room: RequestQueue, want: Want, signal: AbortSignal, admit: () => void): Promise<Permit> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  const place = Promise.withResolvers<Permit>();
  const waiter: Waiter = { want, go: place.resolve, fail: place.reject };
  const cancel = onAbort(signal, () => {
    room.leave(waiter);
    waiter.fail(signal.reason);
  });
  room.enter(waiter);
  admit();
  return place.promise.finally(() => {
    cancel();
    room.leave(waiter);
  });
}

/** Takes what a request needs, and passes its answer on. */
function permit({ group, clock, onPause }: GateOptions, want: Want, leaveSlot: () => void): Permit {
  const taken = group.take(want.class, clock.now());
  let told = false;
  let held = true;
  const answered: Permit['answered'] = (answer) => {
    if (told) return;
    told = true;
    const before = group.pausedUntil();
    group.answered(taken, answer, clock.now());
    // what was under way is refused within the same pause, a moment later each: that is no news
    if (group.pausedUntil() >= Math.max(before, clock.now()) + WORTH_TELLING) onPause?.(group.pausedUntil());
  };
  return {
    answered,
    release: () => {
      if (!held) return;
      held = false;
      answered(undefined);
      leaveSlot();
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
