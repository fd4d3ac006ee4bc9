import type { Failure } from '../errors.ts';

/** What a phase hands on: the images still in the run, and all failures so far. */
export type Batch<T> = { readonly images: readonly T[]; readonly failures: readonly Failure[] };
