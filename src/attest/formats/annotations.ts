import type { Referrer } from '../../registry/roles.ts';
import type { Identity } from '../roles.ts';
import { VERIFICATION_SUMMARY } from './summary.ts';

/** cosign's annotation with the predicate type, in a bundle's manifest and in lists of referrers. */
export const PREDICATE_TYPE = 'dev.sigstore.bundle.predicateType';

/** Our annotation with the signer, in manifests of our bundles. */
export const SIGNED_BY = 'org.kubernetes.kpromo.identity';

/** Our annotation with the first verified level, in manifests of our summaries. */
export const SUMMARY_SAYS = 'org.kubernetes.kpromo.verified';

/** Returns the annotation value for an identity. */
export function signedBy(identity: Identity): string {
  return identity.kind === 'key' ? `key::${identity.hint}` : `${identity.issuer}::${identity.subject}`;
}

/**
 * Returns the predicate types of the bundles that a list of referrers shows as signed by this identity. That is enough
 * to find missing ones, since only writers of the repository can forge it; signatures that count are verified.
 */
export function listedBy(identity: Identity, referrers: readonly Referrer[]): ReadonlySet<string> {
  const name = signedBy(identity);
  return new Set(
    referrers.flatMap(({ annotations = {} }) => {
      const type = annotations[PREDICATE_TYPE];
      return annotations[SIGNED_BY] === name && type !== undefined ? [type] : [];
    }),
  );
}

/**
 * Returns the first verified level of each summary that a list of referrers shows as signed by this identity; empty if
 * the annotation is missing.
 */
export function listedSummaries(identity: Identity, referrers: readonly Referrer[]): readonly string[] {
  const name = signedBy(identity);
  return referrers.flatMap(({ annotations = {} }) =>
    annotations[SIGNED_BY] === name && annotations[PREDICATE_TYPE] === VERIFICATION_SUMMARY
      ? [annotations[SUMMARY_SAYS] ?? '']
      : [],
  );
}
