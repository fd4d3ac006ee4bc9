import type { Digest } from '../image/digest.ts';
import type { Certified } from './formats/certified.ts';
import type { Statement } from './formats/statement.ts';

/** A signer: the certificate's subject and OIDC issuer, or a key by the hash of its public half. */
export type Identity =
  | { readonly kind: 'keyless'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'key'; readonly hint: string };

/**
 * Signs under our identity. Everything it returns was verified under `identity` first; throws SIGNATURE_MISMATCH
 * otherwise.
 */
export type Signer = {
  readonly identity: Identity;
  /** Returns a Sigstore bundle v0.3 (JSON bytes): DSSE over an in-toto statement. */
  signStatement(statement: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** Returns the annotations that cosign stores in a `.sig` layer beside the payload. */
  signPayload(payload: Uint8Array, signal: AbortSignal): Promise<LegacySignature>;
};

/** A layer of a `.sig` image: its bytes, and the annotations of its descriptor. */
export type LegacySignature = {
  readonly payload: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
};

/**
 * The result of verifying a signature. `verified` is valid for any signer; `failed` contradicts the bytes or is about
 * another digest; `unverifiable` cannot be decided, for the given reason.
 */
export type Verdict = {
  readonly status: 'verified' | 'failed' | 'unverifiable';
  readonly identity?: Identity | undefined;
  /** Build facts in the certificate. */
  readonly certified?: Certified | undefined;
  readonly reason?: string | undefined;
};

export type BundleVerdict = Verdict & {
  readonly predicateType?: string | undefined;
  readonly statement?: Statement | undefined;
  /** Set if it does not have the form of an attestation, so that no client accepts it as one. */
  readonly isFormless?: true;
};

/** `reference` is the name that the signer claims for the image. */
export type LegacyVerdict = Verdict & { readonly reference?: string | undefined };

/** Verifies signatures offline; never throws for any input. */
export type Verifier = {
  bundle(bytes: Uint8Array, subject: Digest): BundleVerdict;
  legacy(signature: LegacySignature, subject: Digest): LegacyVerdict;
  /** Verifies a cosign `.att` layer: a DSSE envelope. */
  legacyAttestation(
    envelope: Uint8Array,
    annotations: Readonly<Record<string, string>>,
    subject: Digest,
  ): BundleVerdict;
};

/** A verifier whose verdicts may wait for a trust root. */
export type LaterVerifier = {
  readonly [Method in keyof Verifier]: (
    ...given: Parameters<Verifier[Method]>
  ) => ReturnType<Verifier[Method]> | Promise<ReturnType<Verifier[Method]>>;
};

/** Opens a verifier: to `judge` images by a policy or a scan, or only to `inform` reports about attachments. */
export type OpenVerifier = (signal: AbortSignal, need: 'judge' | 'inform') => Promise<Verifier>;

export type { Statement } from './formats/statement.ts';
