import type { Digest } from '../image/digest.ts';
import type { Certified } from './evidence/certified.ts';
import type { Statement } from './formats/statement.ts';

/** Who signed: the certificate's subject and OIDC issuer, or the key by the hash of its public half. */
export type Identity =
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'key'; readonly hint: string };

/** Signs in our name; everything it returns was verified under `identity` first (SIGNATURE_MISMATCH otherwise). */
export type Signer = {
  readonly identity: Identity;
  /** A Sigstore bundle v0.3 (JSON bytes): DSSE over an in-toto statement. */
  signStatement(statement: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** What cosign keeps in a `.sig` layer beside the payload. */
  signPayload(payload: Uint8Array, signal: AbortSignal): Promise<LegacySignature>;
};

/** A layer of a `.sig` image: its bytes, and the annotations of its descriptor. */
export type LegacySignature = {
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
};

/**
 * `verified` says nothing about who; `failed`: bytes contradict the signature, or it is about another digest; `unverifiable`:
 * nobody here can tell, for the reason given.
 */
export type Verdict = {
  readonly status: 'verified' | 'failed' | 'unverifiable';
  readonly identity?: Identity;
  /** What else the certificate says, of a build. */
  readonly certified?: Certified;
  readonly reason?: string;
};

export type BundleVerdict = Verdict & {
  readonly predicateType?: string;
  readonly statement?: Statement;
  /** It does not have the form of an attestation, so that no client takes it for one. */
  readonly isFormless?: true;
};

/** `reference` is the name that the signer claims for the image. */
export type LegacyVerdict = Verdict & { readonly reference?: string };

/** Judges signatures offline; never throws for what it is given. */
export type Verifier = {
  bundle(bytes: Uint8Array, subject: Digest): BundleVerdict;
  legacy(signature: LegacySignature, subject: Digest): LegacyVerdict;
  /** A cosign `.att` layer: a DSSE envelope. */
  legacyAttestation(
    envelope: Uint8Array,
    annotations: Readonly<Record<string, string>>,
    subject: Digest,
  ): BundleVerdict;
};

/** A verifier whose verdicts may have to wait for a trust root. */
export type LaterVerifier = {
  readonly [Method in keyof Verifier]: (
    ...given: Parameters<Verifier[Method]>
  ) => ReturnType<Verifier[Method]> | Promise<ReturnType<Verifier[Method]>>;
};

/** Opens a verifier: to `judge` images by a policy or a scan, or only to `inform` reports of what is attached. */
export type OpenVerifier = (signal: AbortSignal, need: 'judge' | 'inform') => Promise<Verifier>;

export type { Statement } from './formats/statement.ts';
