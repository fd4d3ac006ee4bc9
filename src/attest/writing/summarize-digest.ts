import type { Descriptor } from '../../image/descriptor.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call } from '../../registry/roles.ts';
import { bundlesOf } from '../attached/bundles.ts';
import { isBy, type Attached } from '../attached/types.ts';
import { SUMMARY_SAYS } from '../formats/annotations.ts';
import type { Signer } from '../roles.ts';
import { attachedSince, ensureBundle, hasOne, subjectName, type DigestSigning } from './sign-digest.ts';
import { SIGNATURE, statementBytes } from '../formats/statement.ts';
import {
  levelsOf,
  readSummary,
  summaryMark,
  summaryPredicate,
  VERIFICATION_SUMMARY,
  type ReadSummary,
  type SummaryFacts,
} from '../formats/summary.ts';

/** `signer` signs images, `summarySigner` signs summaries: they may be two identities. */
export type SummarySigning = Omit<DigestSigning, 'format'> & {
  readonly summarySigner: Signer;
  /** Whether a summary that can be improved may be superseded. */
  readonly supersede: boolean;
};

/** The subject of a summary, its repository, and the facts. */
type SummaryTarget = {
  readonly repository: RepositoryName;
  readonly subject: Descriptor;
  readonly facts: SummaryFacts;
};

/** `stuck`: an existing summary could be improved, but must not be superseded. */
export type Summarized = 'written' | 'there' | 'stuck';

/**
 * Attaches a verification summary, and before it our signature as a bundle, unless one of this verifier and signer
 * exists. If `supersede` is set, a summary that failed or was not evaluated is superseded by a newer one.
 */
export function summarizeDigest(
  services: SummarySigning,
  { repository, subject, facts }: SummaryTarget,
  call: Call,
): Promise<Summarized> {
  const { registry, verifier, summarySigner, publisher, lock, supersede } = services;
  const { digest, reference, outcome } = facts;
  const target = { repository, digest, reference };
  const summarize = async (): Promise<Summarized> => {
    const there = await bundlesOf({ registry, repository, digest }, verifier, call, [SIGNATURE, VERIFICATION_SUMMARY]);
    const newest = newestOf(there, summarySigner, facts);
    if (newest !== undefined && isSettled(newest, facts)) return 'there';
    if (newest !== undefined && (!supersede || newest.time >= facts.time)) return 'stuck';
    await ensureBundle(services, target, subject, there, call);
    await publisher.check(repository, digest, 'bundle', call);
    const predicate = summaryPredicate(facts);
    const statement = statementBytes({ digest, reference, predicateType: VERIFICATION_SUMMARY, predicate });
    const bytes = await summarySigner.signStatement(statement, call.signal);
    const annotations = { [SUMMARY_SAYS]: summaryMark(outcome) };
    const isOurs = (attached: Attached): boolean => isSettledBy(attached, summarySigner, facts);
    const place = { registry, repository, digest };
    const { clock } = publisher;
    const meanwhile = attachedSince(there, { place, verifier, type: VERIFICATION_SUMMARY, clock }, isOurs, call);
    const { identity } = summarySigner;
    const bundle = { bytes, predicateType: VERIFICATION_SUMMARY, identity, annotations, meanwhile };
    await publisher.bundle(repository, subject, bundle, call);
    return 'written';
  };
  return lock.run(subjectName(target), summarize, call.signal);
}

/** Returns true for a summary of ours that says at least as much as these facts. */
function isSettledBy(attached: Attached, signer: Signer, facts: SummaryFacts): boolean {
  if (attached.error !== undefined) return false;
  const summary = newestOf([attached], signer, facts);
  return summary !== undefined && isSettled(summary, facts);
}

/** Returns our newest summary; throws if an unreadable item may be one. */
function newestOf(there: readonly Attached[], { identity }: Signer, { digest }: SummaryFacts): ReadSummary | undefined {
  const ours = there.flatMap((attached) => {
    const { predicateType, statement } = attached.verdict;
    if (predicateType !== VERIFICATION_SUMMARY || !isBy(identity, attached)) return [];
    return readSummary(statement?.predicate, digest) ?? [];
  });
  const newest = ours.toSorted((a, b) => b.time - a.time)[0];
  hasOne(there, () => newest !== undefined);
  return newest;
}

function isSettled({ isUnproven, levels }: ReadSummary, { outcome }: SummaryFacts): boolean {
  return !isUnproven || levels.join(' ') === levelsOf(outcome).join(' ');
}
