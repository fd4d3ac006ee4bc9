import { listedBy, listedSummaries } from '../../attest/formats/annotations.ts';
import { PROMOTION_RECORD } from '../../attest/formats/record.ts';
import type { Identity } from '../../attest/roles.ts';
import { SIGNATURE } from '../../attest/formats/statement.ts';
import { isPoorMark } from '../../attest/formats/summary.ts';
import { failureOf, type Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Candidate } from '../../plan/candidates.ts';
import type { Referrer } from '../../registry/roles.ts';
import { caught } from '../caught.ts';
import type { PlannedSignature } from '../images.ts';
import type { CandidateServices } from './candidate-services.ts';

/** Who signs in this run; no summaries are written where nobody is known to sign them. */
type Signers = { readonly images: Identity; readonly summaries: Identity | undefined };

/** What an image lacks; `isStuck`: its summary is poor, and is kept. */
export type Lacks = { readonly lacks: PlannedSignature['lacks']; readonly isStuck: boolean };

/** What one list of referrers shows an image to lack. */
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
  // nothing new can be said of what nothing evaluates
  const isPoor = (mark: string): boolean =>
    isPoorMark(mark) === 'FAILED' || (isPoorMark(mark) !== undefined && isEvaluated);
  const isStuck = all.length > 0 && all.every(isPoor);
  return {
    lacks: { ...lacks, summary: all.length === 0 || (isStuck && summaries.supersede) },
    isStuck: isStuck && !summaries.supersede,
  };
}

/** True when a look at the image does not suffice. */
export function lacksSomething({ signature, record, summary }: PlannedSignature['lacks']): boolean {
  return signature || record || summary === true;
}

/** In whose name the run signs: without it nothing can be looked at, but everything can be promoted. */
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
