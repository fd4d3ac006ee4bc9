import type { CandidateFinder, Candidates } from '../../plan/candidates.ts';
import type { PlannedSignature } from '../images.ts';

/** The images to sign and record, and how many others there are. */
export type SigningPlan = Omit<Candidates, 'images'> & {
  readonly images: readonly PlannedSignature[];
  /** Recent digests that lack nothing. */
  readonly complete: number;
  /** Those whose verification summary failed or evaluated nothing, and is kept, as `reference@digest`. */
  readonly stuck?: readonly string[];
  /** The primary repository of an image of the tree. */
  readonly primaryOf?: CandidateFinder['primaryOf'];
};
