import { z } from 'zod';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { ManifestFact } from './record.ts';

/** The predicate type of a verification summary: https://slsa.dev/spec/v1.0/verification_summary */
export const VERIFICATION_SUMMARY = 'https://slsa.dev/verification_summary/v1';

/** Who verifies, in a summary: upstream's, since its readers expect no other. */
export const VERIFIER_ID = 'https://k8s.io/promo-tools/verifier/v1';

/** What was found out about an image: whether its policies are satisfied, and up to which SLSA build level. */
export type SummaryOutcome =
  | { readonly result: 'PASSED'; readonly level: 0 | 1 | 2 | 3 | 'unevaluated' }
  | { readonly result: 'FAILED' };

/** A file at a commit of a repository. */
export type CommittedFile = Required<ManifestFact>;

/** What is known of one verification. */
export type SummaryFacts = {
  /** The name under which people pull, without tag and digest. */
  readonly reference: RepositoryName;
  readonly digest: Digest;
  /** With its leading `v`. */
  readonly version: string;
  /** Unix milliseconds. */
  readonly time: number;
  /** The files that hold the policies; at least one, all of one commit. */
  readonly policies: readonly [CommittedFile, ...CommittedFile[]];
  /** The attestations that were accepted. */
  readonly inputs: readonly { readonly uri: string; readonly digest: Digest }[];
  readonly outcome: SummaryOutcome;
};

/** The summary's predicate. */
export type SummaryPredicate = Readonly<Record<string, unknown>> & { readonly timeVerified: string };

/** What each promotion by a reviewed manifest has, whoever built the image. */
const REVIEWED = 'K8S_PROMOTION_MANIFEST_REVIEWED';
const UNEVALUATED = 'SLSA_BUILD_LEVEL_UNEVALUATED';

/** The predicate of a summary. */
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

/** The levels that an outcome verifies. */
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

/** What a summary says of a digest. */
export type ReadSummary = {
  /** Unix milliseconds. */
  readonly time: number;
  readonly levels: readonly string[];
  /** FAILED, or passed without having been evaluated: a later verification may know better. */
  readonly isPoor: boolean;
};

/** What a summary of this verifier says; undefined for those of other verifiers, and of another digest. */
export function readSummary(predicate: unknown, digest: Digest): ReadSummary | undefined {
  const { data } = Predicate.safeParse(predicate);
  if (data === undefined || data.verifier.id !== VERIFIER_ID || !data.resourceUri.endsWith(`@${digest}`))
    return undefined;
  const levels = data.verifiedLevels ?? [];
  const isPoor = data.verificationResult !== 'PASSED' || levels.includes(UNEVALUATED);
  return { time: Date.parse(data.timeVerified), levels, isPoor };
}

/** What lists tell of a summary of ours, so that it need not be read to see whether it is poor. */
export function summaryMark(outcome: SummaryOutcome): string {
  return levelsOf(outcome)[0] ?? '';
}

/** Whether such a mark is that of a poor summary. */
export function isPoorMark(mark: string): 'FAILED' | 'UNEVALUATED' | undefined {
  if (mark === 'FAILED') return 'FAILED';
  return mark === UNEVALUATED ? 'UNEVALUATED' : undefined;
}
