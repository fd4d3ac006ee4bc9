import type { Position } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { PathPattern } from './path-pattern.ts';
import type { SignerRule } from './signer.ts';

export type { SignerRule } from './signer.ts';

/** `warn` reports violations and still promotes; `require` does not promote. */
type ProvenanceMode = 'off' | 'warn' | 'require';

/** A permitted builder, and the SLSA build level that it is trusted with. */
export type BuilderRule = {
  /** An ID without `@` matches the builder at any ref. */
  readonly id: string;
  readonly level: 1 | 2 | 3;
  /**
   * Some of the policy's signers: only they may claim this builder, and they may claim only builders that name them.
   */
  readonly signers?: readonly SignerRule[] | undefined;
  /** The runs that may call it, for a reusable workflow that any repository could call. */
  readonly caller?: CallerRule | undefined;
  readonly at: Position;
};

/** A pattern as written, and its matcher. */
export type NamePattern = { readonly text: string; readonly matches: PathPattern };

/** The GitHub Actions runs that may call a reusable workflow; always in one of the policy's sources. */
type CallerRule = {
  /** Paths of workflows in the source repository. Empty: any. */
  readonly workflows: readonly string[];
  /** Patterns of the git ref of the run; at least one. */
  readonly refs: readonly NamePattern[];
};

/** A SLSA build level that some images must reach. */
export type ImageLevel = {
  /** Patterns of image names below the source registry of the policy. */
  readonly images: readonly NamePattern[];
  readonly level: 2 | 3;
};

/** Required attestations of a project's staging images. */
export type ProvenancePolicy = {
  readonly mode: ProvenanceMode;
  readonly signers: readonly SignerRule[];
  readonly builders: readonly BuilderRule[];
  /** The repositories that images may be built from, without a ref; with or without a scheme. */
  readonly sources: readonly string[];
  /** Predicate types that one of the signers must attest, in addition to build provenance. */
  readonly predicateTypes: readonly string[];
  /** Build provenance below this level does not count; 0 requires no level. */
  readonly level: 0 | 2 | 3;
  /** Levels of some images; the highest matching level applies. */
  readonly levels: readonly ImageLevel[];
  /** The matching level, in a policy for one image: see `forImage`. */
  readonly imageLevel?: 2 | 3;
  readonly at: Position;
  /** True for a policy of the base tree, which a change must satisfy as well. */
  readonly isBase?: true;
};

/** A CI run certified by Fulcio: its workflow, as `https://host/path/file@ref`, and its repository. */
type CertifiedRun = { readonly workflow?: string | undefined; readonly repository?: string | undefined };

/** Facts about one digest of staging, before any policy. */
export type Evidence = {
  readonly repository: string;
  readonly digest: Digest;
  readonly isIndex: boolean;
  /** Upload time in staging, in Unix milliseconds, if the registry states it. */
  readonly uploadedAt?: number;
  readonly items: readonly EvidenceItem[];
  /** Children of an index in the same repository, without BuildKit's attestation manifests. */
  readonly platforms: readonly Evidence[];
};

/** A signer: an identity certified by Fulcio, or an uncertified key. */
export type EvidenceSigner =
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'key'; readonly hint: string };

/** One signature or statement that is attached to a digest. */
export type EvidenceItem = {
  readonly kind: 'signature' | 'provenance' | 'sbom' | 'vex' | 'vulnerabilities' | 'summary' | 'record' | 'other';
  readonly form: 'bundle' | 'sig' | 'sig-referrer' | 'att';
  readonly predicateType?: string | undefined;
  /**
   * `untrusted`: a valid signature by an identity outside of the policy (or of --certificate-*); `failed`: tampered
   * with, or about another digest; `unverifiable`: cannot be verified here.
   */
  readonly status: 'verified' | 'untrusted' | 'failed' | 'unverifiable';
  readonly signer?: EvidenceSigner | undefined;
  readonly builder?: string | undefined;
  /** The build run, as build provenance names it. */
  readonly invocation?: string | undefined;
  /** The source repositories of the build, not its dependencies; several if it is unknown which one was built. */
  readonly sources: readonly string[];
  /** A clause about a contradiction between its claims and the certificate of its signer. */
  readonly contradiction?: string | undefined;
  /** The CI run that made it, as claimed and as certified. */
  readonly run?: { readonly claimed?: string | undefined; readonly certified?: CertifiedRun | undefined } | undefined;
  /** The manifest digest of a referrer, or a tag. */
  readonly manifest: string;
  /** Digest of the bundle or of the payload. */
  readonly content: Digest;
  readonly reason?: string | undefined;
};

/** The result of all policies for one digest. */
export type Judgement = {
  /** The strictest mode of the policies; `off` if there is none. */
  readonly mode: ProvenanceMode;
  /** `failed` excludes the image; `off`: no policy. */
  readonly result: 'passed' | 'warned' | 'failed' | 'off';
  /** The lowest level that a policy verified; 0 if one is not satisfied, `unevaluated` if there is none. */
  readonly level: 0 | 1 | 2 | 3 | 'unevaluated';
  /** Evidence that every policy accepted, including that of an index's children; empty unless all are satisfied. */
  readonly accepted: readonly EvidenceItem[];
  readonly violations: readonly Violation[];
  /** Signer of the accepted build provenance, or else of a rejected one. */
  readonly signer?: string | undefined;
  readonly builder?: string | undefined;
  readonly source?: string;
};

/** Why a digest does not pass. */
export type Violation = {
  /** TAMPERED excludes the image regardless of policies, PROVENANCE depending on the mode. */
  readonly code: 'TAMPERED' | 'PROVENANCE';
  /** Position of the policy; undefined for tampered evidence, which needs no policy. */
  readonly policy?: Position;
  readonly message: string;
  readonly hint: string;
};
