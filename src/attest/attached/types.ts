import type { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { isSameIdentity } from '../identity/same-identity.ts';
import { PROMOTION_RECORD } from '../formats/record.ts';
import type { BundleVerdict, Identity } from '../roles.ts';
import { referencesIn, SIGNATURE } from '../formats/statement.ts';

/** One item that is attached to a digest, with the verdict on it. */
export type Attached = {
  /**
   * `sig` and `att`: a layer of cosign's tags; `bundle`: a referrer that is a Sigstore bundle; `sig-referrer`: a layer
   * of a referrer with the contents of a `.sig` tag, as cosign writes it with `--registry-referrers-mode=oci-1-1`;
   * `other`: another referrer.
   */
  readonly form: 'sig' | 'att' | 'bundle' | 'sig-referrer' | 'other';
  readonly kind: 'signature' | 'record' | 'attestation' | 'other';
  /** The manifest that contains the item. */
  readonly manifest: Digest;
  /** Media type of the layer; the artifact type of a referrer that is not a bundle. */
  readonly mediaType: string;
  /** Digest of the layer. */
  readonly content?: Digest;
  /** The names that the signer claims for the digest; those of a statement only if it is verified. */
  readonly references: readonly string[];
  readonly verdict: BundleVerdict;
  /** Why the item could not be read, if the next attempt may succeed: until then its kind is unknown. */
  readonly error?: PromotionError | undefined;
};

/** Returns true if an item of this form can only be an image signature. */
export function isSignatureForm(form: Attached['form']): boolean {
  return form === 'sig' || form === 'sig-referrer';
}

/** Derives kind, references and verdict of an attached item from the verdict on its statement. */
export function judgement(verdict: BundleVerdict, digest: Digest): Pick<Attached, 'kind' | 'references' | 'verdict'> {
  const { predicateType, statement, isFormless } = verdict;
  const references = statement === undefined ? [] : referencesIn(statement, digest);
  return { kind: isFormless ? 'other' : kindOf(predicateType), references, verdict };
}

function kindOf(predicateType: string | undefined): Attached['kind'] {
  if (predicateType === SIGNATURE) return 'signature';
  return predicateType === PROMOTION_RECORD ? 'record' : 'attestation';
}

/** Why an item has no bytes to verify. */
export type Unread = {
  readonly reason: string;
  readonly error?: PromotionError | undefined;
  readonly isTampered?: boolean;
};

/** Returns the verdict on an item without bytes. It failed only if its bytes differ from its digest. */
export function unreadable({
  reason,
  error,
  isTampered,
}: Unread): Pick<Attached, 'kind' | 'references' | 'verdict' | 'error'> {
  const verdict = { status: isTampered ? ('failed' as const) : ('unverifiable' as const), reason };
  return { kind: 'other', references: [], verdict, error };
}

/** Returns true if the item is verified and signed by this identity. */
export function isBy(identity: Identity, { verdict }: Attached): boolean {
  return verdict.status === 'verified' && verdict.identity !== undefined && isSameIdentity(verdict.identity, identity);
}
