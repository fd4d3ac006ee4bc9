import type { Position } from '../../errors.ts';
import type { TreeCommit } from '../../manifest/history/entry-commits.ts';

/** A fact about an image, or the reason why it is not known. */
export type Fact<T> = { readonly known: T } | { readonly unknown: string };

/** One entry of the tree. */
export type EntryFact = {
  readonly project: string;
  readonly at: Position;
  readonly source: string;
  readonly digest: string;
  readonly tags: readonly string[];
};

/** The image that a reference means. */
export type ImageFact = {
  /** The name under which people pull. */
  readonly name: string;
  readonly digest: string;
  readonly tags: readonly string[];
  /** The repository on the primary registry. */
  readonly primary: string;
};

/** One promotion, as its record says. */
export type PromotionFact = {
  readonly time: string;
  readonly builder: string | undefined;
  readonly job: string | undefined;
  readonly build: string | undefined;
  readonly source: string | undefined;
  /** The commit of the manifests, and their file. */
  readonly manifest: string | undefined;
  readonly signer: string;
};

export type StagingFact = { readonly repository: string; readonly digest: string; readonly isThere: boolean };

/** Who built an image: the verified statements, and the level that its policies accept. */
export type BuildFact = {
  /** The repository that the statements were read from: staging, or production if staging has deleted them. */
  readonly from: string;
  readonly level: 0 | 1 | 2 | 3 | 'unevaluated';
  readonly policy: 'passed' | 'warned' | 'failed' | 'off';
  readonly builds: readonly {
    readonly status: string;
    readonly builder: string | undefined;
    readonly sources: readonly string[];
    readonly signer: string | undefined;
  }[];
};

/** Whether something attached is good, by whom, and why not. */
export type SignedFact = {
  readonly status: 'verified' | 'untrusted' | 'failed' | 'unverifiable' | 'unsigned';
  readonly signer: string | undefined;
  readonly why: string | undefined;
};

export type SummaryFact = {
  readonly result: string;
  readonly levels: readonly string[];
  readonly time: string;
  readonly signer: string;
  /** False for another signer than the expected one of images. */
  readonly isExpected: boolean;
};

/** A tag in one repository. */
export type TagFact = { readonly tag: string; readonly state: 'there' | 'missing' | 'moved'; readonly digest?: string };

/** The parts of an image in one repository. */
export type PlaceFact = {
  readonly repository: string;
  readonly role: 'primary' | 'mirror';
  readonly image: Fact<'there' | 'missing'>;
  readonly tags: Fact<readonly TagFact[]>;
  readonly signature: Fact<SignedFact['status'] | 'routed'>;
  readonly record: Fact<SignedFact['status'] | 'routed'>;
};

/** Why an image is not promoted, and what to do. */
export type WhyNot = { readonly code: string; readonly message: string; readonly hint: string };

/** Everything about one reference. */
export type Explanation = {
  /**
   * `unmanaged`: production has it without an entry, or its entry left the tree. `wanted`, `not wanted`: whether the tree
   * has an entry, if registries were not read.
   */
  readonly status: 'promoted' | 'partly promoted' | 'not promoted' | 'unmanaged' | 'wanted' | 'not wanted' | 'unknown';
  readonly why: readonly WhyNot[];
  readonly image: Fact<ImageFact>;
  readonly entries: Fact<readonly EntryFact[]>;
  readonly added: Fact<TreeCommit>;
  readonly promoted: Fact<PromotionFact>;
  readonly staging: Fact<StagingFact>;
  readonly built: Fact<BuildFact>;
  readonly signed: Fact<SignedFact>;
  readonly summary: Fact<SummaryFact>;
  readonly places: readonly PlaceFact[];
};

/** Returns a fact that is not known. */
export function unknown(reason: string): { readonly unknown: string } {
  return { unknown: reason };
}
