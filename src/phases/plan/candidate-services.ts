import type { Identity } from '../../attest/roles.ts';
import type { Candidate, CandidateRules } from '../../plan/candidates.ts';

/** Which places a run looks at for what may have to be signed, and how it knows what is there. */
export type CandidateServices = {
  readonly rules: Omit<CandidateRules, 'young'>;
  /** The entries that are young by Git, as `source repository@digest`; where Git cannot say, undefined, and `unknown` is told why. */
  readonly young: (unknown: (reason: string) => void) => Promise<ReadonlySet<string> | undefined>;
  /** In whose name the run signs; undefined where it has none, as a dry run may. Asked only when there is something to look at. */
  readonly identity: (signal: AbortSignal) => Promise<Identity | undefined>;
  /** Whether images are to have cosign's `.sig` tag, tagless ones apart. */
  readonly wantsTag: (image: Pick<Candidate, 'tags'>) => boolean;
  /** In whose name verification summaries are signed, and whether poor ones are superseded; none are written unless given. */
  readonly summaries?:
    | {
        readonly identity: (signal: AbortSignal) => Promise<Identity | undefined>;
        readonly supersede: boolean;
      }
    | undefined;
  /** Requests a second that a registry can be expected to allow, for estimates. */
  readonly rate: number;
};
