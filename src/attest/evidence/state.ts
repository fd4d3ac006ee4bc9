import type { Evidence, EvidenceItem, EvidenceSigner } from '../../policy/provenance.ts';

/** What is told of an image's signatures, or its attestations: the state of the best, unless one was tampered with. */
export type EvidenceState = EvidenceItem['status'] | 'none';

/** What is wrong comes first, then what is best. */
const ORDER: readonly EvidenceState[] = ['failed', 'verified', 'untrusted', 'unverifiable'];

/** The evidence with every good signature of those who are not known marked as such. */
export function withKnown(evidence: Evidence, isKnown: (signer: EvidenceSigner) => boolean): Evidence {
  const mark = (item: EvidenceItem): EvidenceItem => {
    const isGood = item.status === 'verified' && item.signer !== undefined;
    return isGood && !isKnown(item.signer) ? { ...item, status: 'untrusted' } : item;
  };
  const platforms = evidence.platforms.map((platform) => withKnown(platform, isKnown));
  return { ...evidence, items: evidence.items.map(mark), platforms };
}

/** The image signature of the digest itself; records and other attestations are none. */
export function signatureOf({ items }: Evidence): EvidenceState {
  return stateOf(items.filter(({ kind }) => kind === 'signature'));
}

/** What others attested of the digest itself, whatever it is. */
export function attestationOf({ items }: Evidence): EvidenceState {
  return stateOf(items.filter(({ kind }) => kind !== 'signature'));
}

/** All evidence of an image and its platforms, each with the digest that it is about. */
export function allItems(evidence: Evidence): readonly (EvidenceItem & { readonly subject: string })[] {
  const own = evidence.items.map((item) => ({ ...item, subject: evidence.digest }));
  return [...own, ...evidence.platforms.flatMap(allItems)];
}

function stateOf(items: readonly EvidenceItem[]): EvidenceState {
  return ORDER.find((state) => items.some(({ status }) => status === state)) ?? 'none';
}
