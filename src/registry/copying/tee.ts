import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import { smallest } from '../../lists.ts';
import { sentChunks, type Chunk, type SentChunks } from './sent-chunks.ts';

export type TeeOptions = {
  readonly clock: Clock;
  /** Bytes that a reader may be behind the source before the others wait for it. */
  readonly window: number;
  /**
   * A reader is cut off once it has made others wait for longer than the read went on without that, but not before
   * `shortestLag` and not after `longestLag`, in milliseconds.
   */
  readonly shortestLag: number;
  readonly longestLag: number;
};

/**
 * 4 MiB covers the jitter of a healthy connection. The kernels hold up to 36 MiB of one connection and less of another:
 * on a busy machine or a shared link, equal mirrors differ by seconds. A mirror that stops delays the others by 10 s at most.
 */
export const TEE_DEFAULTS = { window: 4 * 1024 * 1024, shortestLag: 2_000, longestLag: 10_000 } as const;

type Branch = {
  readonly queue: Chunk[];
  readonly sent: SentChunks;
  queued: number;
  ended: boolean;
  failure: unknown;
  /** How long it made others wait, less the time in which it did not: grows only if it slows them to half. */
  stalledMs: number;
  /** Wakes the reader; set while it waits for a chunk. */
  wake: (() => void) | undefined;
};

/**
 * Reads `source` once for `count` readers. Each gets every chunk in order, and all must be read concurrently. Memory is
 * bounded by the window, and freed once all readers have sent it. A reader that lags ends with LAGGING, and one that stops reading leaves; neither slows or ends
 * the others.
 */
export function tee(
  source: AsyncIterable<Uint8Array>,
  count: number,
  options: TeeOptions,
): AsyncIterable<Uint8Array>[] {
  const branches = Array.from({ length: count }, (): Branch => ({
    queue: [],
    sent: sentChunks(),
    queued: 0,
    ended: false,
    failure: undefined,
    stalledMs: 0,
    wake: undefined,
  }));
  const room = wakeSignal();
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    void pump(source, branches, room, options);
  };
  return branches.map((branch) => ({ [Symbol.asyncIterator]: () => reader(branch, room, begin) }));
}

function reader(branch: Branch, room: WakeSignal, begin: () => void): AsyncIterator<Uint8Array> {
  const leave = (): Promise<IteratorResult<Uint8Array>> => {
    end(branch, undefined);
    room.ring();
    return Promise.resolve({ done: true, value: undefined });
  };
  let last: Chunk | undefined;
  return {
    next: async () => {
      begin();
      if (last !== undefined) branch.sent.add(last);
      last = undefined;
      while (branch.queue.length === 0 && !branch.ended) {
        const woken = new Promise<void>((resolve) => (branch.wake = resolve));
        // From now on a reader without room makes this one wait.
        room.ring();
        await woken;
      }
      const chunk = branch.queue.shift();
      if (chunk !== undefined) {
        branch.queued -= chunk.bytes.length;
        room.ring();
        last = chunk;
        return { done: false, value: chunk.bytes };
      }
      if (branch.failure !== undefined) throw branch.failure as Error;
      return { done: true, value: undefined };
    },
    return: leave,
  };
}

async function pump(
  source: AsyncIterable<Uint8Array>,
  branches: readonly Branch[],
  room: WakeSignal,
  options: TeeOptions,
): Promise<void> {
  const flow = flowOf(branches, options);
  try {
    for await (const bytes of source) {
      flow.pass(() => false);
      await untilRoom(branches, room, flow, options);
      const active = branches.filter((branch) => !branch.ended);
      if (active.length === 0) return;
      const chunk: Chunk = { bytes, readers: active.length };
      for (const branch of active) push(branch, chunk);
    }
    for (const branch of branches) finish(branch, undefined);
  } catch (error) {
    for (const branch of branches) finish(branch, error);
  }
}

/** How long a read has gone on, and how long readers have made others wait. */
type Flow = {
  /** Counts the time since the last call; `stalls` returns true for a reader that made others wait meanwhile. */
  pass(stalls: (branch: Branch) => boolean): void;
  /** Returns how long a reader may make others wait, in milliseconds. */
  limit(): number;
};

function flowOf(branches: readonly Branch[], { clock, shortestLag, longestLag }: TeeOptions): Flow {
  let last = clock.elapsed();
  let flowing = 0;
  return {
    pass: (stalls) => {
      const ms = clock.elapsed() - last;
      last += ms;
      let isHeld = false;
      for (const branch of branches) {
        const isStalling = stalls(branch);
        isHeld ||= isStalling;
        branch.stalledMs = Math.max(0, branch.stalledMs + (isStalling ? ms : -ms));
      }
      if (!isHeld) flowing += ms;
    },
    limit: () => Math.min(longestLag, Math.max(shortestLag, flowing)),
  };
}

async function untilRoom(
  branches: readonly Branch[],
  room: WakeSignal,
  flow: Flow,
  { clock, window }: TeeOptions,
): Promise<void> {
  for (;;) {
    const active = branches.filter((branch) => !branch.ended);
    const full = active.filter((branch) => branch.queued >= window);
    if (full.length === 0) return;
    // A reader that still has chunks to read is not slowed by a full queue of another one.
    const starving = active.some((branch) => branch.wake !== undefined);
    const limit = flow.limit();
    await room.next(starving ? smallest(full.map((branch) => limit - branch.stalledMs)) : undefined, clock);
    flow.pass((branch) => starving && full.includes(branch));
    for (const branch of full) {
      if (branch.stalledMs >= limit && branch.queued >= window) end(branch, lagging());
    }
  }
}

function lagging(): PromotionError {
  return new PromotionError('LAGGING', 'this mirror is too slow to share the read of the source with the others', {
    side: 'destination',
  });
}

function push(branch: Branch, chunk: Chunk): void {
  branch.queue.push(chunk);
  branch.queued += chunk.bytes.length;
  wake(branch);
}

/** Ends a branch after its queued chunks. */
function finish(branch: Branch, failure: unknown): void {
  if (branch.ended) return;
  branch.ended = true;
  branch.failure = failure;
  wake(branch);
}

/** Ends a branch and drops its queued chunks. */
function end(branch: Branch, failure: unknown): void {
  finish(branch, failure);
  branch.queue.length = 0;
  branch.queued = 0;
}

function wake(branch: Branch): void {
  branch.wake?.();
  branch.wake = undefined;
}

type WakeSignal = { ring(): void; next(ms: number | undefined, clock: Clock): Promise<void> };

/** Creates a signal for one waiter, which sleeps until it rings or a time has passed. */
function wakeSignal(): WakeSignal {
  let waiter: (() => void) | undefined;
  return {
    ring: () => waiter?.(),
    next: (ms, clock) =>
      new Promise((resolve) => {
        const cancel = ms === undefined ? undefined : clock.limit(Math.max(1, ms), () => waiter?.());
        waiter = () => {
          waiter = undefined;
          cancel?.();
          resolve();
        };
      }),
  };
}
