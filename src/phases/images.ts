import type { Done } from '../attest/writing/sign-digest.ts';
import type { PromotionError } from '../errors.ts';
import type { Candidate } from '../plan/candidates.ts';
import type { WantedImage } from '../plan/desired/desired.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { TagMove } from '../registry/copying/mirror.ts';
import type { ProjectPolicies } from '../policy/policies.ts';

/** What one mirror lacks of an image, and what will be done about it. */
export type PlannedTarget = {
  readonly repository: RepositoryName;
  /** `copy`: the digest is not there; `tag`: it is, under other tags only. */
  readonly action: 'copy' | 'tag';
  /** The tags to put, in order; empty for a digest without tags. */
  readonly tags: readonly string[];
  /** True when the repository holds nothing yet, so that no blob can be there. */
  readonly isNew: boolean;
};

/** An image that its source has and that at least one mirror lacks. */
export type PlannedImage = {
  readonly wanted: WantedImage;
  readonly targets: readonly PlannedTarget[];
  /** What is asked of it before it is promoted. */
  readonly policies: ProjectPolicies;
};

/** What became of one target; complete and read back, except for `moves`, when there is no error. Times in milliseconds. */
export type TargetResult = PlannedTarget & {
  readonly error?: PromotionError;
  /** Tags that turned out to point to other digests, and were not written. */
  readonly moves?: readonly TagMove[];
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
