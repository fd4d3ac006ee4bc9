import type { EvidenceSigner } from '../../policy/provenance.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';

/** Returns a test whether the user, or a policy of the project, knows a signer. */
export function knownTo(
  policies: ProjectPolicies,
  isExpected: (signer: EvidenceSigner) => boolean,
): (signer: EvidenceSigner) => boolean {
  return (signer) =>
    isExpected(signer) ||
    (signer.kind === 'keyless' &&
      policies.provenance.some(({ signers }) => signers.some((rule) => rule.matches(signer))));
}

/** Like `knownTo`, for reports of vulnerabilities. A change cannot add its own signer: the base must name it as well. */
export function knownReporters(
  policies: ProjectPolicies,
  isExpected: (signer: EvidenceSigner) => boolean,
): (signer: EvidenceSigner) => boolean {
  const now = policies.provenance.filter(({ isBase }) => isBase !== true).flatMap(({ signers }) => signers);
  const lists = [now, ...(policies.signersBefore ?? [])];
  return (signer) =>
    isExpected(signer) ||
    (signer.kind === 'keyless' && lists.every((signers) => signers.some((rule) => rule.matches(signer))));
}
