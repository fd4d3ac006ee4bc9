import type { CandidateFinder, Candidates } from '../../plan/candidates.ts';
import type { PlannedSignature } from '../images.ts';

/** What has to be signed and recorded, and how much was left alone. */
export type SigningPlan = Omit<Candidates, 'images'> & {
  readonly images: readonly PlannedSignature[];
  /** Young digests that have all of it. */
  readonly complete: number;
  /** Those whose verification summary failed or evaluated nothing, and is kept, as `reference@digest`. */
  readonly stuck?: readonly string[];
  /** The primary repository of an image of the tree. */
  readonly primaryOf?: CandidateFinder['primaryOf'];
};
