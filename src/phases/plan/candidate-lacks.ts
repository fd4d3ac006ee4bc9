import { listedBy, listedSummaries } from '../../attest/formats/annotations.ts';
import { PROMOTION_RECORD } from '../../attest/formats/record.ts';
import type { Identity } from '../../attest/roles.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import { unprovenResult } from '../../attest/formats/summary.ts';
import { failureOf, type Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Candidate } from '../../plan/candidates.ts';
import type { Referrer } from '../../registry/roles.ts';
import { caught } from '../caught.ts';
import type { PlannedSignature } from '../images.ts';
import type { CandidateServices } from './candidate-services.ts';

/** The signers of this run. Without a signer no summaries are written. */
type Signers = { readonly images: Identity; readonly summaries: Identity | undefined };

/** What an image lacks; `isStuck`: its summary failed, and is kept. */
export type Lacks = { readonly lacks: PlannedSignature['lacks']; readonly isStuck: boolean };

/** Returns what an image lacks according to its list of referrers. */
export function lacksOf(
  image: Candidate,
  referrers: readonly Referrer[],
  signers: Signers,
  { wantsTag, summaries }: Pick<CandidateServices, 'wantsTag' | 'summaries'>,
): Lacks {
  const listed = listedBy(signers.images, referrers);
  const lacksTag = wantsTag(image) && !image.hasSignatureTag;
  const lacks = { signature: lacksTag || !listed.has(SIGNATURE), record: !listed.has(PROMOTION_RECORD) };
  if (summaries === undefined || signers.summaries === undefined) return { lacks, isStuck: false };
  const all = listedSummaries(signers.summaries, referrers);
  const isEvaluated = (image.wanted.policies?.provenance ?? []).length > 0;
  // without a policy a new summary would say the same
  const isUnproven = (mark: string): boolean =>
    unprovenResult(mark) === 'FAILED' || (unprovenResult(mark) !== undefined && isEvaluated);
  const isStuck = all.length > 0 && all.every(isUnproven);
  return {
    lacks: { ...lacks, summary: all.length === 0 || (isStuck && summaries.supersede) },
    isStuck: isStuck && !summaries.supersede,
  };
}

/** Returns true if the image lacks something. */
export function lacksSomething({ signature, record, summary }: PlannedSignature['lacks']): boolean {
  return signature || record || summary === true;
}

/** Returns the signers of the run. Without them no candidate can be checked, but all images can be promoted. */
export async function signersOf(
  { identity, summaries }: Pick<CandidateServices, 'identity' | 'summaries'>,
  context: Context,
): Promise<Signers | Failure | undefined> {
  try {
    const images = await identity(context.signal);
    return images && { images, summaries: await summaries?.identity(context.signal) };
  } catch (error) {
    return failureOf('plan', caught(error, context));
  }
}
