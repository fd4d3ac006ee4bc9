import type { PromotionError } from '../../errors.ts';
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

/** One digest to be recorded, with the contents of its promotion record. */
export type RecordRequest = Omit<SignRequest, 'staging'> &
  Pick<Candidate, 'tags'> & {
    /** The entry that names it; undefined if no manifest does. */
    readonly wanted?: Candidate['wanted'];
  };

/** One promoted digest, and its evidence from staging. */
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
  /** Returns the images summarized in the repository that hold a platform; indexes may share one. */
  readonly holders: (platform: Digest) => readonly VouchRequest[];
};

/** `left`: why other accepted attestations cannot be carried. */
export type Carried = { readonly carried: number; readonly left: readonly string[] };

/** Signs and records. Each function first reads what is there, and writes nothing if it verifies as ours. */
export type SigningServices = {
  /** Loads the trust root, before anything is written; throws TRUST_ROOT. */
  readonly prepare: (signal: AbortSignal) => Promise<void>;
  readonly sign: (request: SignRequest, call: Call) => Promise<Done>;
  readonly record: (request: RecordRequest, call: Call) => Promise<Done>;
  /**
   * Has the registry's lists tell what was attached to an image, each list with one write; where they are told at once, there is
   * nothing to do.
   */
  readonly list?: (image: Pick<SignRequest, 'repository' | 'digest'>, call: Call) => Promise<void>;
  /** Reads the written lists again, and repairs one that another job replaced; returns the errors. Default: does nothing. */
  readonly settle?: (callOf: (repository: RepositoryName) => Call) => Promise<readonly PromotionError[]>;
  /** Returns false for digests without tags, unless the run signs these as well. */
  readonly isSigned: (image: Pick<Candidate, 'tags'>) => boolean;
  /** Digests in work at once. */
  readonly concurrency: number;
};

/** Attaches attestations of others, and verification summaries. */
export type VouchServices = {
  /** Carries the attestations that policies accepted in staging. */
  readonly carry: (request: VouchRequest, call: Call) => Promise<Carried>;
  /** Writes the verification summaries of an image and its platforms, except platforms with an entry of their own. Default: writes none. */
  readonly summarize?: (request: SummarizeRequest, call: Call) => Promise<SummaryDone>;
};
