import pLimit from 'p-limit';
import { hostOf } from '../../image/reference.ts';
import { blobLedger } from './blob-ledger.ts';
import { copyImage } from './copy-image.ts';
import {
  HOLD_UP_TO,
  LOAN_WAIT_MS,
  SHARED_BYTES,
  type CopyJob,
  type CopyResult,
  type CopyServices,
  type Shared,
  type SlowPool,
} from './types.ts';
import type { Mirror } from './mirror.ts';
import { memoryBudget } from '../memory-budget.ts';

export type { CopyJob, CopyResult, CopyServices } from './types.ts';

/** A running copy. `released` resolves when the next image may start, `done` when every target has ended. */
export type Copying = { readonly released: Promise<void>; readonly done: Promise<CopyResult> };

/** Copies and tags images. One for each run, since it remembers which blobs exist where. */
export type Copier = { copy(job: CopyJob, signal: AbortSignal): Copying };

/** Copies at a time in the slow pool of a registry: two, so that one stalled read does not block the pool. */
const SLOW_COPIES = 2;

/** Number of images that slow mirrors may be behind before new images wait for them. */
const MOST_BEHIND = 200;

/** Starts without knowledge of any registry. */
export function copier(services: CopyServices): Copier {
  const slowPools = new Map<string, SlowPool>();
  const slowPoolOf = (mirror: Mirror): SlowPool => {
    const host = hostOf(mirror.target.repository);
    const slowPool = slowPools.get(host) ?? {
      copies: pLimit(SLOW_COPIES),
      reads: pLimit(SLOW_COPIES),
      budget: memoryBudget(SLOW_COPIES * HOLD_UP_TO, LOAN_WAIT_MS, services.clock),
    };
    slowPools.set(host, slowPool);
    return slowPool;
  };
  const shared: Shared = {
    ...services,
    ledger: blobLedger(),
    budget: memoryBudget(SHARED_BYTES, LOAN_WAIT_MS, services.clock),
    slowPoolOf,
  };
  let behind = 0;
  return {
    copy: (job, signal) => {
      const firstSettled = Promise.withResolvers<void>();
      const done = copyImage(shared, job, signal, firstSettled.resolve);
      const over = done.then(
        () => undefined,
        () => undefined,
      );
      // A slow mirror does not block others: the next image starts soon after the first mirror has this one.
      const left = firstSettled.promise.then(async () => {
        const waiting = new AbortController();
        void over.then(() => waiting.abort());
        await services.clock.wait(LOAN_WAIT_MS, waiting.signal).catch(() => undefined);
        if (behind >= MOST_BEHIND) await over;
        behind += 1;
        void over.then(() => (behind -= 1));
      });
      return { released: Promise.race([over, left]), done };
    },
  };
}
