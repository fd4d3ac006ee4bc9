import type { Evidence, EvidenceItem, EvidenceSigner } from '../../policy/provenance.ts';

/** The reported state of an image's signatures or attestations: the best one, unless one was tampered with. */
export type EvidenceState = EvidenceItem['status'] | 'none';

/** A failure comes first, then the best state. */
const ORDER: readonly EvidenceState[] = ['failed', 'verified', 'untrusted', 'unverifiable'];

/** Returns the evidence with every verified signature of an untrusted signer marked as such. */
export function withKnown(evidence: Evidence, isKnown: (signer: EvidenceSigner) => boolean): Evidence {
  const mark = (item: EvidenceItem): EvidenceItem => {
    const isGood = item.status === 'verified' && item.signer !== undefined;
    return isGood && !isKnown(item.signer) ? { ...item, status: 'untrusted' } : item;
  };
  const platforms = evidence.platforms.map((platform) => withKnown(platform, isKnown));
  return { ...evidence, items: evidence.items.map(mark), platforms };
}

/** Returns the state of the image signature on the digest itself; records and other attestations do not count. */
export function signatureOf({ items }: Evidence): EvidenceState {
  return stateOf(items.filter(({ kind }) => kind === 'signature'));
}

/** Returns the state of the attestations by others on the digest itself, of any kind. */
export function attestationOf({ items }: Evidence): EvidenceState {
  return stateOf(items.filter(({ kind }) => kind !== 'signature'));
}

/** Returns all evidence of an image and its platforms, each with its subject digest. */
export function allItems(evidence: Evidence): readonly (EvidenceItem & { readonly subject: string })[] {
  const own = evidence.items.map((item) => ({ ...item, subject: evidence.digest }));
  return [...own, ...evidence.platforms.flatMap(allItems)];
}

function stateOf(items: readonly EvidenceItem[]): EvidenceState {
  return ORDER.find((state) => items.some(({ status }) => status === state)) ?? 'none';
}
