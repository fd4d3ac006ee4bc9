import type { Identity } from '../../attest/roles.ts';
import type { Candidate, CandidateRules } from '../../plan/candidates.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';

/** Which images a run checks for missing signatures, and how. */
export type CandidateServices = {
  readonly rules: Omit<CandidateRules, 'young'>;
  /**
   * Returns which of these images are recent entries by Git, as `source repository@digest`. If Git does not show ages,
   * returns undefined and calls `unknown` with the reason.
   */
  readonly young: (
    sets: readonly ImageSet[],
    unknown: (reason: string) => void,
  ) => Promise<ReadonlySet<string> | undefined>;
  /** Returns the identity of the run; undefined if it has none, as in a dry run. Called only if there is a digest to check. */
  readonly identity: (signal: AbortSignal) => Promise<Identity | undefined>;
  /** Returns true if an image must have cosign's `.sig` tag. */
  readonly wantsTag: (image: Pick<Candidate, 'tags'>) => boolean;
  /** The signer of verification summaries, and whether failed ones are superseded. Default: writes none. */
  readonly summaries?:
    | {
        readonly identity: (signal: AbortSignal) => Promise<Identity | undefined>;
        readonly supersede: boolean;
      }
    | undefined;
  /** Requests a second that a registry can be expected to allow, for estimates. */
  readonly rate: number;
};
