import type { EvidenceSigner } from '../../policy/provenance.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';

/** Whether somebody is known who signed something of this image: to the user, or to a policy of its project. */
export function knownTo(
  policies: ProjectPolicies,
  isExpected: (signer: EvidenceSigner) => boolean,
): (signer: EvidenceSigner) => boolean {
  return (signer) =>
    isExpected(signer) ||
    (signer.kind === 'keyless' &&
      policies.provenance.some(({ signers }) => signers.some((rule) => rule.matches(signer))));
}

/** The same of whoever reports vulnerabilities. A signer that a change adds is not known to it: the tree before must name it, too. */
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
