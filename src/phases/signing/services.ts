import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Candidate } from '../../plan/candidates.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';
import type { Call } from '../../registry/roles.ts';
import type { Done } from '../../attest/writing/sign-digest.ts';
import type { SummaryDone } from '../images.ts';
import type { ProvenImage } from '../provenance/proven-images.ts';

/** One digest to be signed under one name. */
export type SignRequest = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly reference: RepositoryName;
  /** Where the image was copied from in this run: its signatures there are kept. */
  readonly staging?: RepositoryName | undefined;
};

/** One digest to be recorded: what a promotion record tells of it. */
export type RecordRequest = Omit<SignRequest, 'staging'> &
  Pick<Candidate, 'tags'> & {
    /** The entry that names it; none for what no manifest names. */
    readonly wanted?: Candidate['wanted'];
  };

/** One promoted digest, and what was found out about it in staging. */
export type VouchRequest = Omit<SignRequest, 'staging'> &
  Pick<ProvenImage, 'evidence' | 'judgement'> & {
    readonly wanted: Candidate['wanted'];
    readonly policies: ProjectPolicies;
  };

/** An image to be summarized with its platforms. */
export type SummarizeRequest = Omit<SignRequest, 'staging'> & {
  /** The image as it is in each of the repositories that it is promoted from. */
  readonly sources: readonly [VouchRequest, ...VouchRequest[]];
  /** The digests of the repository that entries name. */
  readonly listed: ReadonlySet<Digest>;
  /** Those that are summarized in the repository and hold a platform, which indexes may share. */
  readonly holders: (platform: Digest) => readonly VouchRequest[];
};

/** `left`: what was accepted and cannot be carried, each with the reason. */
export type Carried = { readonly carried: number; readonly left: readonly string[] };

/** Signs and records; each reads what is there first and leaves alone what verifies as ours. */
export type SigningServices = {
  /** Gets what signatures are verified with, before anything is written; throws TRUST_ROOT. */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
  readonly sign: (request: SignRequest, call: Call) => Promise<Done>;
  readonly record: (request: RecordRequest, call: Call) => Promise<Done>;
  /**
   * Has the registry's lists tell what was attached to an image, each list with one write; where they are told at once, there is
   * nothing to do.
   */
  readonly list?: (image: Pick<SignRequest, 'repository' | 'digest'>, call: Call) => Promise<void>;
  /** False for digests without tags, unless they are to be signed, too. */
  readonly isSigned: (image: Pick<Candidate, 'tags'>) => boolean;
  /** Digests in work at once. */
  readonly concurrency: number;
};

/** Attaches what others attested, and what was found out. */
export type VouchServices = {
  /** Carries what policies accepted in staging. */
  readonly carry: (request: VouchRequest, call: Call) => Promise<Carried>;
  /** Writes the verification summaries of an image and its platforms, but for those that are listed on their own; never unless given. */
  readonly summarize?: (request: SummarizeRequest, call: Call) => Promise<SummaryDone>;
};
