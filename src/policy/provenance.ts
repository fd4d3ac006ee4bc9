import type { Position } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { PathPattern } from './path-pattern.ts';
import type { SignerRule } from './signer.ts';

export type { SignerRule } from './signer.ts';

/** `warn` tells what is wrong and promotes all the same; `require` does not promote. */
export type ProvenanceMode = 'off' | 'warn' | 'require';

/** Who may have built an image, and the SLSA build level that it is trusted with. */
export type BuilderRule = {
  /** Without `@` it is the builder at any ref. */
  readonly id: string;
  readonly level: 1 | 2 | 3;
  /** Some of the policy's signers: only these may claim this builder, and they may claim no other that does not name them. */
  readonly signers?: readonly SignerRule[];
  /** Which runs may call it, for a reusable workflow that anybody could call. */
  readonly caller?: CallerRule;
  readonly at: Position;
};

/** A pattern as written, and what it matches. */
export type NamePattern = { readonly text: string; readonly matches: PathPattern };

/** The GitHub Actions run that may call a reusable workflow; always in one of the policy's sources. */
export type CallerRule = {
  /** The paths of workflows in the source repository; any if there are none. */
  readonly workflows: readonly string[];
  /** Patterns of the git ref that the run was for; at least one. */
  readonly refs: readonly NamePattern[];
};

/** The SLSA build level that some images must reach. */
export type ImageLevel = {
  /** Patterns of image names below the source registry of the policy. */
  readonly images: readonly NamePattern[];
  readonly level: 2 | 3;
};

/** What a project's staging images must be attested with. */
export type ProvenancePolicy = {
  readonly mode: ProvenanceMode;
  readonly signers: readonly SignerRule[];
  readonly builders: readonly BuilderRule[];
  /** The repositories that images may be built from, without a ref; with or without a scheme. */
  readonly sources: readonly string[];
  /** What must be attested by one of the signers besides the build provenance. */
  readonly predicateTypes: readonly string[];
  /** Build provenance below it does not count; 0 asks for no level. */
  readonly level: 0 | 2 | 3;
  /** What some images must reach besides; an image is held to the highest level that names it. */
  readonly levels: readonly ImageLevel[];
  /** That level, in a policy for one image: see `forImage`. */
  readonly imageLevel?: 2 | 3;
  readonly at: Position;
  /** True for a policy of the tree before, which a change must satisfy, too. */
  readonly isBase?: true;
};

/** What Fulcio certified of a CI run: its workflow, as `https://host/path/file@ref`, and the repository that it ran for. */
export type CertifiedRun = { readonly workflow?: string; readonly repository?: string };

/** What is known of one digest of staging, before any policy. */
export type Evidence = {
  readonly repository: string;
  readonly digest: Digest;
  readonly isIndex: boolean;
  /** When it came to staging, in Unix milliseconds; where the registry tells. */
  readonly uploadedAt?: number;
  readonly items: readonly EvidenceItem[];
  /** What an index points to in the same repository, without the attestation manifests that BuildKit puts there. */
  readonly platforms: readonly Evidence[];
};

/** Who signed something: an identity that Fulcio vouched for, or a key that nobody vouches for. */
export type EvidenceSigner =
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'key'; readonly hint: string };

/** One signature or statement that is attached to a digest. */
export type EvidenceItem = {
  readonly kind: 'signature' | 'provenance' | 'sbom' | 'vex' | 'vulnerabilities' | 'summary' | 'record' | 'other';
  readonly form: 'bundle' | 'sig' | 'sig-referrer' | 'att';
  readonly predicateType?: string;
  /**
   * `untrusted`: a good signature by somebody whom the policy (or --certificate-*) does not know; `failed`: tampered
   * with, or about another digest; `unverifiable`: nobody here can tell whether its signature is good.
   */
  readonly status: 'verified' | 'untrusted' | 'failed' | 'unverifiable';
  readonly signer?: EvidenceSigner;
  readonly builder?: string;
  /** The run that built it, as build provenance names it. */
  readonly invocation?: string;
  /** What the image was built from, not what it was built with; several where it is not known which of them it was. */
  readonly sources: readonly string[];
  /** Where it claims something else than the certificate of its signer says, as one clause. */
  readonly contradiction?: string;
  /** The CI run that made it: as it claims itself, and as its certificate says. */
  readonly run?: { readonly claimed?: string; readonly certified?: CertifiedRun };
  /** Where it is: a referrer's manifest digest or a tag. */
  readonly manifest: string;
  /** The digest of the bundle, or of the payload. */
  readonly content: Digest;
  readonly reason?: string;
};

/** What policies say of the evidence for one digest. */
export type Judgement = {
  /** The strictest mode of the policies; `off` where there is none. */
  readonly mode: ProvenanceMode;
  /** `failed` takes out the image; `off`: nothing was asked. */
  readonly result: 'passed' | 'warned' | 'failed' | 'off';
  /** The lowest that a policy verified; 0 where one is not satisfied, `unevaluated` where there is none. */
  readonly level: 0 | 1 | 2 | 3 | 'unevaluated';
  /** What every policy accepted, of all that an index points to, too; none unless all are satisfied. */
  readonly accepted: readonly EvidenceItem[];
  readonly violations: readonly Violation[];
  /** Of the build provenance that counts, or else of the one that was refused. */
  readonly signer?: string;
  readonly builder?: string;
  readonly source?: string;
};

/** Why a digest does not pass. */
export type Violation = {
  /** TAMPERED takes out the image whatever the policies say, PROVENANCE as the mode says. */
  readonly code: 'TAMPERED' | 'PROVENANCE';
  /** Where the policy stands; nobody has to ask for what is tampered with. */
  readonly policy?: Position;
  readonly message: string;
  readonly hint: string;
};
