import type { EvidenceReader } from '../../attest/evidence/reader.ts';
import { allItems } from '../../attest/evidence/state.ts';
import { isAbout } from '../../attest/formats/statement.ts';
import type { EvidenceItem, EvidenceSigner } from '../../policy/provenance.ts';
import type { Attestation, AttestationsOf } from '../../scan/scanners/attestations.ts';
import { policiesOf } from '../../plan/desired/policies.ts';
import { knownReporters } from '../provenance/known-signer.ts';
import type { ProvenImage } from '../provenance/proven-images.ts';

export type AttestationServices = {
  readonly evidence: Pick<EvidenceReader, 'statements'>;
  /** Returns true for signers that the user names, in addition to those of policies. */
  readonly isBelieved: (signer: EvidenceSigner) => boolean;
};

/** Returns a reader of the attested scans and OpenVEX documents of a digest; `untrusted` are those of unknown signers. */
export function attestationsFor({ evidence, isBelieved }: AttestationServices, image: ProvenImage): AttestationsOf {
  const isKnown = knownReporters(policiesOf(image.wanted), isBelieved);
  // an attestation that cannot be verified does not count, but is named
  const unverified = allItems(image.evidence).filter(({ status }) => status === 'failed' || status === 'unverifiable');
  return async (target, signal) => {
    const found = await evidence.statements(target, signal);
    const verified = found.flatMap(({ item, statement: { predicate, ...statement } }): Attestation[] => {
      if (!isAbout({ predicate, ...statement }, target.digest)) return [];
      const isTrusted = item.signer !== undefined && isKnown(item.signer);
      return [{ ...attestation({ ...item, status: isTrusted ? item.status : 'untrusted' }), predicate }];
    });
    return [...verified, ...unverified.filter(({ subject }) => subject === target.digest).map(attestation)];
  };
}

function attestation({ predicateType = '', status, signer, reason }: EvidenceItem): Attestation {
  const by = signer?.kind === 'keyless' ? signer.subject : signer && `a key (${signer.hint})`;
  return {
    predicateType,
    status,
    ...(by !== undefined && { signer: by }),
    ...(reason !== undefined && { reason }),
  };
}
