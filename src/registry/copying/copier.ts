import pLimit from 'p-limit';
import { hostOf } from '../../image/reference.ts';
import { blobLedger } from './blob-ledger.ts';
import { copyImage } from './copy-image.ts';
import {
  HOLD_UP_TO,
  PATIENCE_MS,
  SHARED_BYTES,
  type CopyJob,
  type CopyResult,
  type CopyServices,
  type Shared,
  type Siding,
} from './types.ts';
import type { Lane } from './lane.ts';
import { memoryBudget } from './memory-budget.ts';

export type { CopyJob, CopyResult, CopyServices } from './types.ts';

/** A copy under way: `released` when the next image may begin, `done` when every target is settled. */
export type Copying = { readonly released: Promise<void>; readonly done: Promise<CopyResult> };

/** Copies and tags images; one for a whole run, since it remembers which blobs are where. */
export type Copier = { copy(job: CopyJob, signal: AbortSignal): Copying };

/** Two, so that one stalled read does not block a registry's siding. */
const SIDING_COPIES = 2;

/** Slow mirrors may be this many images behind before new images wait for them. */
const MOST_BEHIND = 200;

/** Starts knowing nothing of any registry. */
export function copier(services: CopyServices): Copier {
  const sidings = new Map<string, Siding>();
  const sidingOf = (lane: Lane): Siding => {
    const host = hostOf(lane.target.repository);
    const siding = sidings.get(host) ?? {
      copies: pLimit(SIDING_COPIES),
      reads: pLimit(SIDING_COPIES),
      budget: memoryBudget(SIDING_COPIES * HOLD_UP_TO, PATIENCE_MS, services.clock),
    };
    sidings.set(host, siding);
    return siding;
  };
  const shared: Shared = {
    ...services,
    ledger: blobLedger(),
    budget: memoryBudget(SHARED_BYTES, PATIENCE_MS, services.clock),
    sidingOf,
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
      // A slow mirror holds nobody up: the next image begins soon after the first mirror has this one.
      const left = firstSettled.promise.then(async () => {
        const waiting = new AbortController();
        void over.then(() => waiting.abort());
        await services.clock.wait(PATIENCE_MS, waiting.signal).catch(() => undefined);
        if (behind >= MOST_BEHIND) await over;
        behind += 1;
        void over.then(() => (behind -= 1));
      });
      return { released: Promise.race([over, left]), done };
    },
  };
}
