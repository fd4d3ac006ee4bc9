import type { Referrer } from '../../registry/roles.ts';
import type { Identity } from '../roles.ts';
import { VERIFICATION_SUMMARY } from './summary.ts';

/** The annotation in which a bundle's manifest, and a list of referrers, tell the predicate type: cosign's. */
export const PREDICATE_TYPE = 'dev.sigstore.bundle.predicateType';

/** The annotation in which our bundles' manifests tell who signed; only ours have it. */
export const SIGNED_BY = 'org.kubernetes.kpromo.identity';

/** The annotation in which our summaries' manifests tell the first of the levels that they verify; only ours have it. */
export const SUMMARY_SAYS = 'org.kubernetes.kpromo.verified';

/** An identity as that annotation has it. */
export function signedBy(identity: Identity): string {
  return identity.kind === 'key' ? `key::${identity.hint}` : `${identity.issuer}::${identity.subject}`;
}

/**
 * The predicate types of the bundles that a list shows as this identity's. Good enough to find out what may lack, since
 * only who may write to the repository can forge it; what counts for good is verified.
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

/** What the summaries say that a list shows as this identity's, each the first of its levels; empty for one that does not tell. */
export function listedSummaries(identity: Identity, referrers: readonly Referrer[]): readonly string[] {
  const name = signedBy(identity);
  return referrers.flatMap(({ annotations = {} }) =>
    annotations[SIGNED_BY] === name && annotations[PREDICATE_TYPE] === VERIFICATION_SUMMARY
      ? [annotations[SUMMARY_SAYS] ?? '']
      : [],
  );
}
