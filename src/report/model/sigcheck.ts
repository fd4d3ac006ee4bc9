import type { Failure } from '../../errors.ts';
import type { FoundGroup } from '../../phases/sigcheck/checked-images.ts';
import type { RunFacts } from '../../pipeline/run-facts.ts';

/** The result of a check, and the source of all its output. */
export type SigcheckReport = {
  readonly run: RunFacts;
  readonly rows: readonly SigcheckRow[];
  /** The check of the view of clients, if requested; `broken` are texts. */
  readonly view?: { readonly digests: number; readonly links: number; readonly broken: readonly string[] } | undefined;
  readonly failures: readonly Failure[];
  readonly totals: SigcheckTotals;
};

/** One finding for an image or its platforms, in all repositories that have it. */
export type SigcheckRow = FoundGroup & {
  readonly name: string;
  readonly reference: string;
  readonly digest: string;
  /** The number of repositories that must have the image. */
  readonly places: number;
};

export type SigcheckTotals = {
  /** Checked digests. */
  readonly digests: number;
  /** Digests beyond the limit, which were not checked. */
  readonly beyond: number;
  /** Digest × repository pairs by the worst signature status of the digest and its platforms. */
  readonly signatures: Readonly<Record<CheckStatus, number>>;
  /** The same for promotion records. */
  readonly records: Readonly<Record<CheckStatus, number>>;
  readonly signed: number;
  readonly recorded: number;
  readonly copied: number;
  /** A check leaves nothing to a later run. */
  readonly pending: 0;
  readonly requests: number;
  readonly bytes: number;
};

export type CheckStatus = FoundGroup['status'];
