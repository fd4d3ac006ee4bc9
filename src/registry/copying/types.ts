import type { LimitFunction } from 'p-limit';
import type { Clock } from '../../clock.ts';
import type { PromotionError } from '../../errors.ts';
import type { Meter } from '../../http/fetch.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { CopyTarget, Lane, TagMove } from './lane.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Registry } from '../roles.ts';
import type { SourceReader } from '../source.ts';

export type CopyServices = {
  readonly registry: Registry;
  readonly source: SourceReader;
  readonly clock: Clock;
  /** Before an upload is begun anew. */
  readonly pause: Pause;
  /** Where reads of the source are counted. */
  readonly meterOf: (repository: RepositoryName) => Meter;
};

export type CopyJob = {
  readonly source: RepositoryName;
  readonly digest: Digest;
  readonly targets: readonly CopyTarget[];
};

/** What became of one target; `error` is why it is not complete, or with `isWritten` not seen to be. `ms` is its own time. */
export type LaneResult = {
  readonly target: CopyTarget;
  readonly error?: PromotionError;
  /** Tags that point elsewhere; all others of the target are complete when there is no error. */
  readonly moves: readonly TagMove[];
  /** Every write was acknowledged, and only the read-back is missing. */
  readonly isWritten?: true;
  readonly attempts: number;
  readonly meter: Meter;
  readonly ms: number;
};

/** `sourceReads`: manifests and blobs asked of the source, 1 each plus 1 for each target that had to read for itself. */
export type CopyResult = { readonly lanes: readonly LaneResult[]; readonly sourceReads: number };

/** What all copies of a run share. */
export type Shared = CopyServices & {
  readonly ledger: BlobLedger;
  readonly budget: MemoryBudget;
  /** Where a mirror that fell behind goes on by itself. */
  readonly sidingOf: (lane: Lane) => Siding;
};

/**
 * Few copies at a time for each registry, with memory of their own; and few reads for copies that go on outside.
 * Apart, for a copy may wait for a blob that such a read brings.
 */
export type Siding = { readonly copies: LimitFunction; readonly reads: LimitFunction; readonly budget: MemoryBudget };

/** Up to this size a blob is held in memory and sent from there to each mirror. */
export const HOLD_UP_TO = 4 * 1024 * 1024;

/** All blobs held and windows of shared reads at one time; sixteen of the largest. */
export const SHARED_BYTES = 64 * 1024 * 1024;

/** How long a loan of memory may stand in the way of others; also how long the next image waits for the slowest mirror. */
export const PATIENCE_MS = 2_000;
