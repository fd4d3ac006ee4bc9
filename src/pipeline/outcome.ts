import type { ErrorCode, PromotionError } from '../errors.ts';

/** What became of an image on one mirror: `pending` for a stopped run that had sent nothing to it, and while its tags are not written. */
export type Outcome = 'complete' | 'failed' | 'unknown' | 'pending';

export type Attempt = {
  readonly error?: PromotionError | undefined;
  /** Every write was acknowledged, and only the read-back is missing. */
  readonly isWritten?: boolean;
  /** The digest is there, and its tags are not written yet. */
  readonly isUntagged?: boolean;
  readonly requests: number;
};

/** A mirror that says this, or nothing, has not said what it holds. */
const NO_ANSWER: readonly ErrorCode[] = [
  'NETWORK',
  'TIMEOUT',
  'STALLED',
  'TOO_SLOW',
  'PAUSED_TOO_LONG',
  'REFUSED_ADDRESS',
  'RATE_LIMITED',
  'REGISTRY_ERROR',
  'UNAUTHORIZED',
];

/** Tells a mirror that lacks something from one of which nobody knows: where it gave no answer, or the run was stopped. */
export function outcomeOf({ error, isWritten = false, isUntagged = false, requests }: Attempt): Outcome {
  if (error === undefined) return isUntagged ? 'pending' : 'complete';
  if (error.code === 'ABORTED') return requests === 0 ? 'pending' : 'unknown';
  if (error.side === 'source') return 'failed';
  const isUnseen = isWritten && error.code === 'DENIED';
  return isUnseen || NO_ANSWER.includes(error.code) ? 'unknown' : 'failed';
}
