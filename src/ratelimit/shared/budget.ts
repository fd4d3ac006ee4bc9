import type { Clock } from '../../clock.ts';
import type { LogLevel, Narrator } from '../../events.ts';
import type { BucketFactory } from '../adaptive-limiter.ts';
import type { RateStore } from './store.ts';
import { sharedBucket, type SharedBucket } from './bucket.ts';

type SharedBudgetOptions = {
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** Displayed address of the store; contains no secret. */
  readonly place: string;
  /** Connects; rejects with an Error that contains the reason, or when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<RateStore>;
};

/** Buckets that this process shares with others while the store can be reached. */
export type SharedBudget = {
  readonly bucketOf: BucketFactory;
  /** Closes the connection at once. */
  close(): void;
};

/** Maximum time that requests wait for the first connection, in milliseconds. */
const FIRST_CONNECTION = 1000;

/** Interval of attempts to reach the store, in milliseconds. */
const RETRY = 2000;

/** Connects for the first bucket, and reconnects. Logs once when the store is lost, and once when it is back. */
export function sharedBudget(options: SharedBudgetOptions): SharedBudget {
  const { clock } = options;
  const buckets = new Set<SharedBucket>();
  const closing = new AbortController();
  const state: State = { store: undefined, isAlone: false };
  let cancelFirst: (() => void) | undefined;
  const leaveAll = (): void => {
    state.isAlone = true;
    for (const bucket of buckets) bucket.leave();
  };
  const joinAll = (store: RateStore): void => {
    Object.assign(state, { store, isAlone: false } satisfies State);
    for (const bucket of buckets) bucket.join(store);
  };
  const start = (): void => {
    cancelFirst = clock.limit(FIRST_CONNECTION, () => {
      if (state.store === undefined) leaveAll();
    });
    void keepConnected(options, state, { joinAll, leaveAll, signal: closing.signal });
  };
  return {
    bucketOf: (name, settings, wake) => {
      const bucket = sharedBucket({ name, settings, clock, wake });
      if (buckets.size === 0) start();
      buckets.add(bucket);
      if (state.store !== undefined) bucket.join(state.store);
      else if (state.isAlone) bucket.leave();
      return bucket;
    },
    close: () => {
      cancelFirst?.();
      closing.abort();
      for (const bucket of buckets) bucket.leave();
      state.store?.close();
    },
  };
}

type State = { store: RateStore | undefined; isAlone: boolean };

type Buckets = { joinAll(store: RateStore): void; leaveAll(): void; readonly signal: AbortSignal };

async function keepConnected(
  { clock, narrate, place, open }: SharedBudgetOptions,
  state: State,
  { joinAll, leaveAll, signal }: Buckets,
): Promise<void> {
  const log = (level: LogLevel, message: string): void => narrate({ type: 'log', level, message });
  for (let isLost = false; !signal.aborted;) {
    try {
      const store = await open(signal);
      if (signal.aborted) return store.close();
      log('info', `Sharing request rates through ${place}${isLost ? ' again' : ''}`);
      isLost = false;
      joinAll(store);
      const reason = await store.lost;
      store.close();
      state.store = undefined;
      throw new Error(reason);
    } catch (error) {
      if (signal.aborted) return;
      leaveAll();
      const reason = error instanceof Error ? error.message : String(error);
      if (!isLost)
        log(
          'warning',
          `${place}, through which jobs share request rates, cannot be reached (${reason}): continuing with this process's share`,
        );
      isLost = true;
      await clock.wait(RETRY, signal).catch(() => {});
    }
  }
}
