import type { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { isSameIdentity } from '../identity/same-identity.ts';
import { PROMOTION_RECORD } from '../formats/record.ts';
import type { BundleVerdict, Identity } from '../roles.ts';
import { referencesIn, SIGNATURE } from '../formats/statement.ts';

/** One thing that is attached to a digest, and what is to be thought of it. */
export type Attached = {
  /**
   * `sig` and `att`: a layer of cosign's tags; `bundle`: a referrer that is a Sigstore bundle; `sig-referrer`: a layer of a
   * referrer that is what a `.sig` tag holds, as cosign writes it with `--registry-referrers-mode=oci-1-1`; `other`: another
   * referrer.
   */
  readonly form: 'sig' | 'att' | 'bundle' | 'sig-referrer' | 'other';
  readonly kind: 'signature' | 'record' | 'attestation' | 'other';
  /** The manifest that holds it. */
  readonly manifest: Digest;
  /** Of the layer; of what is no bundle the artifact type. */
  readonly mediaType: string;
  /** The digest of the layer that was read, or should have been. */
  readonly content?: Digest;
  /** The names that the signer claims for the digest; of a statement only where it is verified. */
  readonly references: readonly string[];
  readonly verdict: BundleVerdict;
  /** Why it could not be read, where that may be otherwise the next time: until then nobody knows what it is. */
  readonly error?: PromotionError;
};

/** Whether something of this form can be nothing but an image signature. */
export function isSignatureForm(form: Attached['form']): boolean {
  return form === 'sig' || form === 'sig-referrer';
}

/** What a verdict on a statement makes of that to which it is attached. */
export function judgement(verdict: BundleVerdict, digest: Digest): Pick<Attached, 'kind' | 'references' | 'verdict'> {
  const { predicateType, statement, isFormless } = verdict;
  const references = statement === undefined ? [] : referencesIn(statement, digest);
  return { kind: isFormless ? 'other' : kindOf(predicateType), references, verdict };
}

function kindOf(predicateType: string | undefined): Attached['kind'] {
  if (predicateType === SIGNATURE) return 'signature';
  return predicateType === PROMOTION_RECORD ? 'record' : 'attestation';
}

/** Why something has no bytes to judge. */
export type Unread = { readonly reason: string; readonly error?: PromotionError; readonly isTampered?: true };

/** What can be said of something that has no bytes to judge: it was tampered with only if it has other bytes than its digest. */
export function unreadable({
  reason,
  error,
  isTampered,
}: Unread): Pick<Attached, 'kind' | 'references' | 'verdict' | 'error'> {
  const verdict = { status: isTampered ? ('failed' as const) : ('unverifiable' as const), reason };
  return { kind: 'other', references: [], verdict, ...(error !== undefined && { error }) };
}

/** True when it was verified, and as this identity's. */
export function isBy(identity: Identity, { verdict }: Attached): boolean {
  return verdict.status === 'verified' && verdict.identity !== undefined && isSameIdentity(verdict.identity, identity);
}
