import { wrongCaller } from './callers.ts';
import type { EvidenceItem, ProvenancePolicy } from './provenance.ts';
import { claimable, coversBuilder, lowestLevel, signersOf } from './signer-builders.ts';
import { isSource } from './sources.ts';

/** The result of one policy for the evidence of one digest. */
export type Ruling = {
  /**
   * True if there is build provenance by a trusted signer, valid or not: then the platforms of an index do not count.
   */
  readonly isOwn: boolean;
  readonly level: 0 | 1 | 2 | 3;
  readonly accepted: readonly EvidenceItem[];
  /** What is missing, one clause each; empty if the digest satisfies the policy. */
  readonly missing: readonly string[];
  /** The accepted build provenance, or else a rejected one. */
  readonly provenance?: EvidenceItem;
};

/** Kinds that are never attestations of a build: our own documents and image signatures. */
const NO_ATTESTATION: ReadonlySet<EvidenceItem['kind']> = new Set(['signature', 'record', 'summary']);

/** Judges the evidence of one digest by one policy. */
export function judgeDigest(policy: ProvenancePolicy, items: readonly EvidenceItem[]): Ruling {
  const builds = items
    .filter(({ kind }) => kind === 'provenance')
    .map((item) => ({ item, level: levelOf(policy, item), refusal: refusalOf(policy, item) }));
  const passing = builds.filter(({ refusal }) => refusal === undefined);
  const best = passing.toSorted((one, other) => other.level - one.level)[0];
  const known = items.filter((item) => isKnown(policy, item) && !NO_ATTESTATION.has(item.kind));
  const passed = new Set(passing.map(({ item }) => item));
  const accepted = known.filter((item) => item.kind !== 'provenance' || passed.has(item));
  const lacking = policy.predicateTypes.filter((type) => accepted.every(({ predicateType }) => predicateType !== type));
  const refusals = builds.flatMap(({ refusal }) => refusal ?? []);
  const shown = best ?? builds.find(({ item }) => isKnown(policy, item)) ?? builds[0];
  return {
    isOwn: builds.some(({ item }) => isKnown(policy, item)),
    level: best?.level ?? 0,
    accepted,
    missing: [
      ...(best === undefined ? noProvenance(refusals) : belowImageLevel(policy, best, refusals)),
      ...lacking.map((type) => `no signer of the policy attested ${type}`),
    ],
    ...(shown !== undefined && { provenance: shown.item }),
  };
}

function noProvenance(refusals: readonly string[]): readonly string[] {
  return refusals.length === 0 ? ['no build provenance is attached'] : [...new Set(refusals)];
}

/** The reason why other provenance was rejected may explain why the best one is not sufficient. */
function belowImageLevel(
  policy: ProvenancePolicy,
  { item, level }: { readonly item: EvidenceItem; readonly level: number },
  refusals: readonly string[],
): readonly string[] {
  if (policy.imageLevel === undefined || level >= policy.imageLevel) return [];
  const wanted = `its level ${level} is below ${policy.imageLevel}, which this image must reach`;
  return [...new Set([`${wanted}${cappedBy(policy, item)}`, ...refusals])];
}

/** Returns true for a verified item by a signer of the policy. */
function isKnown(policy: ProvenancePolicy, item: EvidenceItem): boolean {
  return isGood(item) && signersOf(policy, item.signer).length > 0;
}

/** A policy names its own signers: whether the signer is trusted otherwise does not matter. */
function isGood({ status }: EvidenceItem): boolean {
  return status === 'verified' || status === 'untrusted';
}

/** Maximum level of provenance without an invocation ID, as in upstream's verifier. */
const WITHOUT_INVOCATION = 2;

function levelOf(policy: ProvenancePolicy, item: EvidenceItem): 0 | 1 | 2 | 3 {
  const trusted = lowestLevel(claimable(policy, signersOf(policy, item.signer)));
  return item.invocation === undefined && trusted > WITHOUT_INVOCATION ? WITHOUT_INVOCATION : trusted;
}

/** Returns a clause why build provenance is rejected; undefined if it is accepted. */
function refusalOf(policy: ProvenancePolicy, item: EvidenceItem): string | undefined {
  if (!isGood(item)) return `its provenance is ${item.status}${item.reason === undefined ? '' : ` (${item.reason})`}`;
  const signers = signersOf(policy, item.signer);
  if (signers.length === 0)
    return `its provenance is signed by ${signerText(item)}, which is not a signer of the policy`;
  const builders = claimable(policy, signers);
  const { builder, sources } = item;
  if (builder === undefined) return 'its provenance names no builder';
  const claimed = builders.filter(({ id }) => coversBuilder(id, builder));
  if (claimed.length === 0)
    return policy.builders.some(({ id }) => coversBuilder(id, builder))
      ? `its builder ${builder} may not be claimed by ${signerText(item)}`
      : `its builder ${builder} is not in the policy`;
  if (sources.length === 0) return 'its provenance names no source';
  // provenance with several possible sources must not pass by one that was only a dependency
  const foreign = sources.filter((source) => !policy.sources.some((rule) => isSource(rule, source)));
  if (foreign.length > 0) return `its source ${foreign.join(', ')} is not in the policy`;
  const wrong = item.contradiction ?? wrongCaller(claimed, policy, item);
  if (wrong !== undefined) return wrong;
  const level = levelOf(policy, item);
  return level < policy.level ? `its level ${level} is below ${policy.level}${cappedBy(policy, item)}` : undefined;
}

/** Returns why the level is lower than the builder's; empty if it is not. */
function cappedBy(policy: ProvenancePolicy, item: EvidenceItem): string {
  return levelOf(policy, item) < lowestLevel(claimable(policy, signersOf(policy, item.signer))) ? NO_INVOCATION : '';
}

const NO_INVOCATION =
  ': it has no invocation id, without which it reaches level 2 at most (runDetails.metadata.invocationId, in SLSA v0.2 metadata.buildInvocationId)';

/** Formats the signer for messages: the identity, or the key. */
export function signerText({ signer }: EvidenceItem): string {
  if (signer === undefined) return 'nobody';
  return signer.kind === 'key' ? `a key (${signer.hint})` : `${signer.subject} (${signer.issuer})`;
}
