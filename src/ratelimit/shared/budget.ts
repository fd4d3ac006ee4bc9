import type { Clock } from '../../clock.ts';
import type { LogLevel, Narrator } from '../../events.ts';
import type { BucketFactory } from '../adaptive-limiter.ts';
import type { Commons } from './store.ts';
import { sharedBucket, type SharedBucket } from './bucket.ts';

type SharedBudgetOptions = {
  readonly clock: Clock;
  readonly narrate: Narrator;
  /** What users know the place by where processes meet; holds no secret. */
  readonly place: string;
  /** Connects; rejects with an Error that says why not, or when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<Commons>;
};

/** Buckets that this process shares with others while they can meet. */
export type SharedBudget = {
  readonly bucketOf: BucketFactory;
  /** Ends the connection at once. */
  close(): void;
};

/** Requests wait for the first connection for no longer than this; milliseconds. */
const PATIENCE = 1000;

/** A place that cannot be reached is looked for so often; milliseconds. */
const RETRY = 2000;

/** Connects for the first bucket, and keeps trying; tells once when it has to go on alone, and once when it no longer has to. */
export function sharedBudget(options: SharedBudgetOptions): SharedBudget {
  const { clock } = options;
  const buckets = new Set<SharedBucket>();
  const closing = new AbortController();
  const here: Here = { commons: undefined, isAlone: false };
  let cancelPatience: (() => void) | undefined;
  const leaveAll = (): void => {
    here.isAlone = true;
    for (const bucket of buckets) bucket.leave();
  };
  const joinAll = (commons: Commons): void => {
    Object.assign(here, { commons, isAlone: false } satisfies Here);
    for (const bucket of buckets) bucket.join(commons);
  };
  const start = (): void => {
    cancelPatience = clock.timer(PATIENCE, () => {
      if (here.commons === undefined) leaveAll();
    });
    void meet(options, here, { joinAll, leaveAll, signal: closing.signal });
  };
  return {
    bucketOf: (name, settings, wake) => {
      const bucket = sharedBucket({ name, settings, clock, wake });
      if (buckets.size === 0) start();
      buckets.add(bucket);
      if (here.commons !== undefined) bucket.join(here.commons);
      else if (here.isAlone) bucket.leave();
      return bucket;
    },
    close: () => {
      cancelPatience?.();
      closing.abort();
      for (const bucket of buckets) bucket.leave();
      here.commons?.close();
    },
  };
}

type Here = { commons: Commons | undefined; isAlone: boolean };

type Meeting = { joinAll(commons: Commons): void; leaveAll(): void; readonly signal: AbortSignal };

async function meet(
  { clock, narrate, place, open }: SharedBudgetOptions,
  here: Here,
  { joinAll, leaveAll, signal }: Meeting,
): Promise<void> {
  const say = (level: LogLevel, message: string): void => narrate({ type: 'log', level, message });
  for (let isLost = false; !signal.aborted;) {
    try {
      const commons = await open(signal);
      if (signal.aborted) return commons.close();
      say('info', `Sharing request rates through ${place}${isLost ? ' again' : ''}`);
      isLost = false;
      joinAll(commons);
      const reason = await commons.lost;
      commons.close();
      here.commons = undefined;
      throw new Error(reason);
    } catch (error) {
      if (signal.aborted) return;
      leaveAll();
      const reason = error instanceof Error ? error.message : String(error);
      if (!isLost)
        say(
          'warning',
          `${place}, through which request rates are shared, cannot be reached (${reason}): going on with this process's share`,
        );
      isLost = true;
      await clock.wait(RETRY, signal).catch(() => {});
    }
  }
}
