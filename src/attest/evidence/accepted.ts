import { isDigest, type Digest } from '../../image/digest.ts';
import { judge } from '../../policy/judge.ts';
import type { ProjectPolicies } from '../../policy/policies.ts';
import type { Evidence, EvidenceItem, Judgement, ProvenancePolicy } from '../../policy/provenance.ts';
import type { SummaryFacts, SummaryOutcome } from '../formats/summary.ts';

/** The accepted evidence of an image or of one of its platforms. */
type Accepted = { readonly digest: Digest; readonly items: readonly EvidenceItem[] };

/** An image with its evidence in staging and the judgement of its policies. */
export type Vouched = {
  readonly evidence: Evidence;
  readonly judgement: Judgement;
  readonly policies: Pick<ProjectPolicies, 'provenance'>;
};

/** The outcome and inputs in a summary of one digest. */
export type Verified = Pick<SummaryFacts, 'outcome' | 'inputs'>;

/**
 * Returns the accepted evidence of each digest of an image, for copying to production; with `sboms` also SBOMs. Returns
 * an empty list unless a policy requires evidence and all policies are satisfied.
 */
export function acceptedOf(evidence: Evidence, judgement: Judgement, sboms: boolean): readonly Accepted[] {
  if (judgement.result !== 'passed') return [];
  return nodesOf(evidence)
    .map(({ digest, items }) => ({
      digest,
      items: acceptedAmong(items, judgement).filter(({ kind }) => sboms || kind !== 'sbom'),
    }))
    .filter(({ items }) => items.length > 0);
}

/**
 * Returns the outcome for the summary of a digest, over all images that are or contain it. For an image it is the
 * result of its policies. For a platform it is what its own attestations prove under the policies of the index; without
 * any, it is unevaluated, or failed if the index failed. The worst outcome wins.
 */
export function verifiedBy(digest: Digest, images: readonly Vouched[]): Verified {
  const told = images.map((image) => (image.evidence.digest === digest ? imageIn(image) : platformIn(image, digest)));
  const [outcome = UNEVALUATED] = told.map((one) => one.outcome).toSorted((one, other) => rank(one) - rank(other));
  const inputs = rank(outcome) > rank(UNEVALUATED) ? told.flatMap((one) => one.inputs) : [];
  return { outcome, inputs: [...new Map(inputs.map((input) => [input.uri, input])).values()] };
}

/**
 * Returns the images that count for a digest: of one image, each of its sources; of others that contain it, those with
 * policies.
 */
export function askingFor<T extends Vouched>(
  sources: readonly [T, ...T[]],
  holders: readonly T[],
): readonly [T, ...T[]] {
  const [source] = sources;
  const others = holders.filter(({ evidence }) => evidence.digest !== source.evidence.digest);
  const [first, ...more] = [...sources, ...others].filter(({ judgement }) => judgement.mode !== 'off');
  return first === undefined ? [source] : [first, ...more];
}

/** Returns the digests of everything known inside an index, at any depth. */
export function platformsIn(evidence: Evidence): readonly Digest[] {
  return evidence.platforms.flatMap(nodesOf).map(({ digest }) => digest);
}

const UNEVALUATED: SummaryOutcome = { result: 'PASSED', level: 'unevaluated' };

/** The attestations are the image's own, and those of its platforms if it passes by them. */
function imageIn({ evidence, judgement }: Vouched): Verified {
  const isProven = acceptedAmong(evidence.items, judgement).some(({ kind }) => kind === 'provenance');
  const nodes = isProven ? [evidence] : nodesOf(evidence);
  return { outcome: outcomeOf(judgement), inputs: nodes.flatMap((node) => inputsOf(node, judgement)) };
}

function platformIn({ evidence, judgement, policies }: Vouched, digest: Digest): Verified {
  const node = nodesOf(evidence).find((one) => one.digest === digest);
  const own = node && ownJudgement(node, policies.provenance);
  if (node !== undefined && own?.result === 'passed') return { outcome: outcomeOf(own), inputs: inputsOf(node, own) };
  const outcome = outcomeOf(judgement);
  return { outcome: outcome.result === 'FAILED' ? outcome : UNEVALUATED, inputs: [] };
}

/**
 * Judges a platform by the policies, without the level that only the image must reach. Judges a nested index by its own
 * attestations, unless one of them was tampered with.
 */
function ownJudgement(node: Evidence, policies: ProjectPolicies['provenance']): Judgement | undefined {
  if (judge([], node).result === 'failed') return undefined;
  const withoutLevels = policies.map(({ imageLevel: _ofImage, ...policy }): ProvenancePolicy => policy);
  return judge(withoutLevels, { ...node, platforms: [] });
}

/**
 * Returns the outcome of a judgement in a summary: a violation that its policies only warn about is a failure as well.
 */
function outcomeOf({ result, level }: Judgement): SummaryOutcome {
  return result === 'passed' || result === 'off' ? { result: 'PASSED', level } : { result: 'FAILED' };
}

/** Returns a rank for comparing outcomes; higher is better. */
function rank(outcome: SummaryOutcome): number {
  if (outcome.result === 'FAILED') return 0;
  return outcome.level === 'unevaluated' ? 1 : 2 + outcome.level;
}

function inputsOf({ repository, items }: Evidence, judgement: Judgement): SummaryFacts['inputs'] {
  return acceptedAmong(items, judgement).map((item) => inputOf(repository, item));
}

/** A referrer is named by its digest; an item of cosign's tag by the tag and the digest of the payload. */
function inputOf(repository: string, { manifest, content }: EvidenceItem): SummaryFacts['inputs'][number] {
  return { uri: `${repository}${isDigest(manifest) ? '@' : ':'}${manifest}`, digest: content };
}

function acceptedAmong(items: readonly EvidenceItem[], { accepted }: Judgement): readonly EvidenceItem[] {
  const keys = new Set(accepted.map(keyOf));
  return items.filter((item) => keys.has(keyOf(item)));
}

function keyOf({ manifest, content }: EvidenceItem): string {
  return `${manifest} ${content}`;
}

function nodesOf(evidence: Evidence): readonly Evidence[] {
  return [evidence, ...evidence.platforms.flatMap(nodesOf)];
}
