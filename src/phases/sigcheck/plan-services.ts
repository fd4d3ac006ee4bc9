import type { AskedRef } from '../../image/asked-ref.ts';
import { type Checked, type UploadWindow } from '../../plan/checks.ts';
import { type AskedServices } from './asked-checks.ts';

export type PlanSigcheckServices = AskedServices & {
  /** What is checked; all of the tree where there are none. */
  readonly refs: readonly AskedRef[];
  /** When what is checked of the tree was uploaded. */
  readonly window: UploadWindow;
  /** Unix milliseconds: what was uploaded before needs no record. */
  readonly recordsSince?: number | undefined;
  /** Digests that are checked at the most. */
  readonly limit?: number | undefined;
  /** Whether an image of the tree must be signed. */
  readonly isSigned: (image: Pick<Checked, 'tags'>) => boolean;
};
