import type { Digest } from '../image/digest.ts';
import type { Evidence, EvidenceItem, Judgement } from '../policy/provenance.ts';
import type { SummaryFacts, SummaryOutcome } from './summary.ts';

/** What was accepted of an image, or of one of its platforms. */
export type Accepted = { readonly digest: Digest; readonly items: readonly EvidenceItem[] };

/**
 * What was accepted of each digest of an image, for carrying; of what lists software only with `sboms`, and then all that is
 * good and by somebody who is known. Nothing unless a policy asks for something and all of them are satisfied.
 */
export function acceptedOf(evidence: Evidence, judgement: Judgement, sboms: boolean): readonly Accepted[] {
  if (judgement.result !== 'passed' || judgement.mode === 'off') return [];
  const accepted = new Set(judgement.accepted.map(keyOf));
  const isAccepted = (item: EvidenceItem): boolean =>
    item.kind === 'sbom' ? sboms && item.status === 'verified' : accepted.has(keyOf(item));
  return nodesOf(evidence)
    .map(({ digest, items }) => ({ digest, items: items.filter(isAccepted) }))
    .filter(({ items }) => items.length > 0);
}

/** What a judgement comes to in a summary: what its policies only warn of has failed all the same. */
export function outcomeOf({ result, level }: Judgement): SummaryOutcome {
  return result === 'passed' || result === 'off' ? { result: 'PASSED', level } : { result: 'FAILED' };
}

/** The attestations that count for a digest of an image: of the image all that were accepted, of a platform its own and those of the whole. */
export function inputsOf(evidence: Evidence, { accepted }: Judgement, digest: Digest): SummaryFacts['inputs'] {
  const keys = new Set(accepted.map(keyOf));
  const all = nodesOf(evidence);
  const nodes = digest === evidence.digest ? all : all.filter((node) => node === evidence || node.digest === digest);
  return nodes.flatMap((node) => node.items.filter((item) => keys.has(keyOf(item))).map((item) => inputOf(node, item)));
}

/** A referrer by its digest; of cosign's tag the tag, and the digest of the payload. */
function inputOf({ repository }: Evidence, item: EvidenceItem): SummaryFacts['inputs'][number] {
  const { form, manifest, content } = item;
  return { uri: `${repository}${form === 'bundle' ? '@' : ':'}${manifest}`, digest: content };
}

function keyOf({ manifest, content }: EvidenceItem): string {
  return `${manifest} ${content}`;
}

function nodesOf(evidence: Evidence): readonly Evidence[] {
  return [evidence, ...evidence.platforms.flatMap(nodesOf)];
}
