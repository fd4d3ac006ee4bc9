import type { Done } from '../attest/writing/sign-digest.ts';
import type { PromotionError } from '../errors.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { WantedImage } from '../plan/desired/desired.ts';
import type { Target } from '../image/target.ts';
import type { TagMove } from '../registry/copying/mirror.ts';

export type { PlannedImage } from '../plan/desired/assemble.ts';

/** The result of one target. Without an error it is complete and read back, except for `moves`. Times in milliseconds. */
export type TargetResult = Target & {
  readonly error?: PromotionError | undefined;
  /** Tags that turned out to point to other digests, and were not written. */
  readonly moves?: readonly TagMove[] | undefined;
  /** Every write was acknowledged, and only the read-back is missing. */
  readonly isWritten?: true;
  /** The digest is there, and its tags wait for its signature. */
  readonly isUntagged?: true;
  readonly attempts: number;
  readonly requests: number;
  readonly bytes: number;
  readonly ms: number;
};

/** An image with the results of all its targets. */
export type PromotedImage = {
  readonly wanted: WantedImage;
  readonly results: readonly TargetResult[];
  readonly sourceReads: number;
};

/** A candidate, and what it seems to lack; a due one is assumed to lack everything. */
export type PlannedSignature = Candidate & {
  readonly lacks: {
    readonly signature: boolean;
    readonly record: boolean;
    /** Undefined if no verification summaries are written. */
    readonly summary?: boolean;
  };
};

/** An image whose signatures are on its primary, or need not be. */
export type SignedImage = { readonly planned: PlannedSignature; readonly signature: Done | 'unwanted' };

/** `stuck`: a failed summary is kept, although it would now pass; `unknown`: staging no longer has the image. */
export type SummaryDone = Done | 'stuck' | 'unknown';

/** A signed image whose promotion record is on its primary, and its other attachments there. */
export type AttestedImage = SignedImage & {
  readonly record: Done;
  /** The number of attestations carried from staging. */
  readonly carried: number;
  /** Undefined if no summaries are written. */
  readonly summary?: SummaryDone;
};
