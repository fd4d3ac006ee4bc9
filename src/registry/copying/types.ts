import type { LimitFunction } from 'p-limit';
import type { Clock } from '../../clock.ts';
import type { PromotionError } from '../../errors.ts';
import type { Meter } from '../../http/fetch.ts';
import type { Pause } from '../../async/backoff.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobLedger } from './blob-ledger.ts';
import type { CopyTarget, Mirror, TagMove } from './mirror.ts';
import type { MemoryBudget } from '../memory-budget.ts';
import type { Registry } from '../roles.ts';
import type { SourceReader } from '../source.ts';

export type CopyServices = {
  readonly registry: Registry;
  readonly source: SourceReader;
  readonly clock: Clock;
  /** Waits before a new upload. */
  readonly pause: Pause;
  /** Returns the meter that counts reads of a source repository. */
  readonly meterOf: (repository: RepositoryName) => Meter;
};

export type CopyJob = {
  readonly source: RepositoryName;
  readonly digest: Digest;
  readonly targets: readonly CopyTarget[];
};

/**
 * The result of one target. `error` says why it is incomplete or, with `isWritten`, unverified. `ms` is the target's
 * own time.
 */
export type CopiedMirror = {
  readonly target: CopyTarget;
  readonly error?: PromotionError;
  /** Tags that point elsewhere; without an error, all other tags of the target are complete. */
  readonly moves: readonly TagMove[];
  /** Set if every write was acknowledged and only the read-back is missing. */
  readonly isWritten?: true;
  readonly attempts: number;
  readonly meter: Meter;
  readonly ms: number;
};

/**
 * `sourceReads` counts reads of manifests and blobs at the source: 1 each, plus 1 for each target that had to read
 * separately.
 */
export type CopyResult = { readonly mirrors: readonly CopiedMirror[]; readonly sourceReads: number };

/** State that all copies of a run share. */
export type Shared = CopyServices & {
  readonly ledger: BlobLedger;
  readonly budget: MemoryBudget;
  /** Returns the slow pool of a target's registry, in which a lagging mirror continues. */
  readonly slowPoolOf: (mirror: Mirror) => SlowPool;
};

/**
 * A pool for slow mirrors: few copies at a time for each registry, with their own memory, and few reads for copies
 * outside the pool. The two are separate because a copy may wait for a blob that such a read brings.
 */
export type SlowPool = { readonly copies: LimitFunction; readonly reads: LimitFunction; readonly budget: MemoryBudget };

/** Largest blob in bytes that is held in memory and sent from there to each mirror. */
export const HOLD_UP_TO = 4 * 1024 * 1024;

/** Memory in bytes for all held blobs and windows of shared reads; sixteen of the largest blobs. */
export const SHARED_BYTES = 64 * 1024 * 1024;

/**
 * How long a loan of memory may block others, and how long the next image waits for the slowest mirror. In
 * milliseconds.
 */
export const LOAN_WAIT_MS = 2_000;
