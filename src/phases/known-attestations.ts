import type { EvidenceReader } from '../attest/evidence.ts';
import { isAbout } from '../attest/statement.ts';
import type { EvidenceSigner } from '../policy/provenance.ts';
import type { Attestation, AttestationsOf } from '../scan/attestations.ts';
import type { PlannedImage } from './images.ts';
import { knownTo } from './known-signer.ts';

export type AttestationServices = {
  readonly evidence: Pick<EvidenceReader, 'statements'>;
  readonly isExpected: (signer: EvidenceSigner) => boolean;
};

/** Tells the scans and OpenVEX documents that are attested of a digest of the image; `untrusted` are those of strangers. */
export function attestationsFor({ evidence, isExpected }: AttestationServices, image: PlannedImage): AttestationsOf {
  const isKnown = knownTo(image, isExpected);
  return async (target, signal) => {
    const found = await evidence.statements(target, signal);
    return found.flatMap(({ item: { signer, status }, statement }): Attestation[] => {
      if (!isAbout(statement, target.digest)) return [];
      const { predicateType, predicate } = statement;
      const by = signer?.kind === 'keyless' ? signer.subject : signer?.hint;
      const isTrusted = signer !== undefined && isKnown(signer);
      const shown = status === 'verified' && !isTrusted ? 'untrusted' : status;
      return [{ predicateType, predicate, status: shown, ...(by !== undefined && { signer: by }) }];
    });
  };
}
