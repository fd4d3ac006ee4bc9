import type { Failure } from '../../errors.ts';
import type { FoundGroup } from '../../phases/sigcheck/checked-images.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';

/** What a check returns, and all that its output is printed from. */
export type SigcheckReport = {
  readonly run: RunFacts;
  readonly rows: readonly SigcheckRow[];
  /** Where images were looked at as clients see them: how many, by how many links, and those that are broken, in words. */
  readonly view?: { readonly digests: number; readonly links: number; readonly broken: readonly string[] };
  readonly failures: readonly Failure[];
  readonly totals: SigcheckTotals;
};

/** One finding of an image or platforms of it, in all the repositories that have it. */
export type SigcheckRow = FoundGroup & {
  readonly name: string;
  readonly reference: string;
  readonly digest: string;
  /** How many repositories the image must be in. */
  readonly places: number;
};

export type SigcheckTotals = {
  /** Digests that were checked. */
  readonly digests: number;
  /** Digests that the limit left out. */
  readonly beyond: number;
  /** Digest × repository pairs by the worst that was found of the signatures of the digest and its platforms. */
  readonly signatures: Readonly<Record<CheckStatus, number>>;
  /** The same of promotion records. */
  readonly records: Readonly<Record<CheckStatus, number>>;
  readonly signed: number;
  readonly recorded: number;
  readonly copied: number;
  /** Nothing is left for another run. */
  readonly pending: 0;
  readonly requests: number;
  readonly bytes: number;
};

export type CheckStatus = FoundGroup['status'];
