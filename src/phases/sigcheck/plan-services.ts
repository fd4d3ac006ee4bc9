import type { AskedRef } from '../../image/asked-ref.ts';
import { type Checked, type UploadWindow } from '../../plan/checks.ts';
import { type AskedServices } from './asked-checks.ts';

export type PlanSigcheckServices = AskedServices & {
  /** The images to check. Default: all of the tree. */
  readonly refs: readonly AskedRef[];
  /** The upload times of the images of the tree to check. */
  readonly window: UploadWindow;
  /** Unix milliseconds: an image uploaded before needs no record. */
  readonly recordsSince?: number | undefined;
  /** The largest number of digests to check. */
  readonly limit?: number | undefined;
  /** Returns true if an image of the tree must be signed. */
  readonly isSigned: (image: Pick<Checked, 'tags'>) => boolean;
};
