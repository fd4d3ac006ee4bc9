import type { Done } from '../attest/writing/sign-digest.ts';
import type { PromotionError } from '../errors.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { WantedImage } from '../plan/desired/desired.ts';
import type { Target } from '../image/target.ts';
import type { TagMove } from '../registry/copying/mirror.ts';

export type { PlannedImage } from '../plan/desired/assemble.ts';

/** What became of one target; complete and read back, except for `moves`, when there is no error. Times in milliseconds. */
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

/** An image whose every target was written and read back, or says why not. */
export type PromotedImage = {
  readonly wanted: WantedImage;
  readonly results: readonly TargetResult[];
  readonly sourceReads: number;
};

/** A candidate, and what it seems to lack; of one that is due nothing is taken for granted. */
export type PlannedSignature = Candidate & {
  readonly lacks: {
    readonly signature: boolean;
    readonly record: boolean;
    /** Of a verification summary; not told where none are written. */
    readonly summary?: boolean;
  };
};

/** An image whose signatures are on its primary, or need not be. */
export type SignedImage = { readonly planned: PlannedSignature; readonly signature: Done | 'unwanted' };

/** `stuck`: a poor summary is kept that would now say otherwise; `unknown`: staging no longer has what it would tell of. */
export type SummaryDone = Done | 'stuck' | 'unknown';

/** A signed image whose promotion record is on its primary, and what else was attached to it there. */
export type AttestedImage = SignedImage & {
  readonly record: Done;
  /** How many attestations of staging were carried. */
  readonly carried: number;
  /** Where summaries are written. */
  readonly summary?: SummaryDone;
};
