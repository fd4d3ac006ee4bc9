import { z } from 'zod';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { ManifestFact } from './record.ts';

/** Predicate type of a verification summary: https://slsa.dev/spec/v1.0/verification_summary */
export const VERIFICATION_SUMMARY = 'https://slsa.dev/verification_summary/v1';

/** Verifier ID in a summary: upstream's, since its readers accept no other. */
export const VERIFIER_ID = 'https://k8s.io/promo-tools/verifier/v1';

/** The result of verifying an image: whether its policies are satisfied, and its SLSA build level. */
export type SummaryOutcome =
  | { readonly result: 'PASSED'; readonly level: 0 | 1 | 2 | 3 | 'unevaluated' }
  | { readonly result: 'FAILED' };

/** A file at a commit of a repository. */
export type CommittedFile = Required<ManifestFact>;

/** Facts about one verification. */
export type SummaryFacts = {
  /** The name under which clients pull, without tag and digest. */
  readonly reference: RepositoryName;
  readonly digest: Digest;
  /** With its leading `v`. */
  readonly version: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** The policy files; at least one, all at the same commit. */
  readonly policies: readonly [CommittedFile, ...CommittedFile[]];
  /** The accepted attestations. */
  readonly inputs: readonly { readonly uri: string; readonly digest: Digest }[];
  readonly outcome: SummaryOutcome;
};

type SummaryPredicate = Readonly<Record<string, unknown>> & { readonly timeVerified: string };

/** Level of every promotion by a reviewed manifest, independent of the builder. */
const REVIEWED = 'K8S_PROMOTION_MANIFEST_REVIEWED';
const UNEVALUATED = 'SLSA_BUILD_LEVEL_UNEVALUATED';

/** Returns the predicate of a summary. */
export function summaryPredicate(facts: SummaryFacts): SummaryPredicate {
  const { reference, digest, version, time, policies, inputs, outcome } = facts;
  const [{ uri, name, gitCommit }, ...others] = policies;
  return {
    verifier: { id: VERIFIER_ID, version: { kpromo: version } },
    timeVerified: `${new Date(time).toISOString().slice(0, 19)}Z`,
    resourceUri: `${reference}@${digest}`,
    policy: { uri: others.length === 0 ? `${uri}#${name}` : uri, digest: { gitCommit } },
    inputAttestations: inputs.map((input) => ({ uri: input.uri, digest: digestSet(input.digest) })),
    verificationResult: outcome.result,
    verifiedLevels: levelsOf(outcome),
    slsaVersion: '1.0',
  };
}

/** Returns the levels that an outcome verifies. */
export function levelsOf(outcome: SummaryOutcome): readonly string[] {
  if (outcome.result === 'FAILED') return ['FAILED'];
  const { level } = outcome;
  return [level === 'unevaluated' ? UNEVALUATED : `SLSA_BUILD_LEVEL_${level}`, REVIEWED];
}

function digestSet(digest: Digest): Readonly<Record<string, string | undefined>> {
  const [algorithm = '', hex] = digest.split(':');
  return { [algorithm]: hex };
}

const Predicate = z.looseObject({
  verifier: z.looseObject({ id: z.string() }),
  timeVerified: z.iso.datetime({ offset: true }),
  resourceUri: z.string(),
  verificationResult: z.string(),
  verifiedLevels: z.array(z.string()).nullish(),
});

/** A parsed summary of a digest. */
export type ReadSummary = {
  /** Unix milliseconds. */
  readonly time: number;
  /** `PASSED` or `FAILED`. */
  readonly result: string;
  readonly levels: readonly string[];
  /** True if the result is FAILED, or PASSED without evaluation: a later verification may improve it. */
  readonly isUnproven: boolean;
};

/** Parses a summary of this verifier; returns undefined for those of other verifiers or other digests. */
export function readSummary(predicate: unknown, digest: Digest): ReadSummary | undefined {
  const { data } = Predicate.safeParse(predicate);
  if (data === undefined || data.verifier.id !== VERIFIER_ID || !data.resourceUri.endsWith(`@${digest}`))
    return undefined;
  const levels = data.verifiedLevels ?? [];
  const isUnproven = data.verificationResult !== 'PASSED' || levels.includes(UNEVALUATED);
  return { time: Date.parse(data.timeVerified), result: data.verificationResult, levels, isUnproven };
}

/**
 * Returns the annotation value for a summary of ours, so that it need not be read to see whether it can be improved.
 */
export function summaryMark(outcome: SummaryOutcome): string {
  return levelsOf(outcome)[0] ?? '';
}

/** Returns the result if this annotation value belongs to a summary that can be improved. */
export function unprovenResult(mark: string): 'FAILED' | 'UNEVALUATED' | undefined {
  if (mark === 'FAILED') return 'FAILED';
  return mark === UNEVALUATED ? 'UNEVALUATED' : undefined;
}
