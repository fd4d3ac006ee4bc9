import type { ErrorCode, Position } from '../errors.ts';

/** One thing that went wrong, wherever it did; the exit code comes from these. */
export type Failure = {
  readonly phase: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly at?: Position;
  readonly image?: string;
  readonly digest?: string;
  /** `source repository@digest`, where it is about copying. */
  readonly source?: string;
  /** The destination references it concerns: the same trouble on many mirrors is one failure. */
  readonly refs?: readonly string[];
};

/** What a phase hands on: the images still in the run, and all failures so far. */
export type Batch<T> = { readonly images: readonly T[]; readonly failures: readonly Failure[] };
