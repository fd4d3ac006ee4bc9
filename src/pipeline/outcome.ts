import type { ErrorCode, PromotionError } from '../errors.ts';

/** The outcome of an image on one mirror. `pending`: a stopped run sent it nothing, or its tags are not written yet. */
export type Outcome = 'complete' | 'failed' | 'unknown' | 'pending';

export type Attempt = {
  readonly error?: PromotionError | undefined;
  /** Every write was acknowledged, and only the read-back is missing. */
  readonly isWritten?: boolean;
  /** The digest is there, and its tags are not written yet. */
  readonly isUntagged?: boolean;
  readonly requests: number;
};

/** After these errors it is unknown what the mirror holds. */
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

/** Distinguishes a mirror that lacks something from one whose state is unknown, because it did not answer or the run was stopped. */
export function outcomeOf({ error, isWritten = false, isUntagged = false, requests }: Attempt): Outcome {
  if (error === undefined) return isUntagged ? 'pending' : 'complete';
  if (error.code === 'ABORTED') return requests === 0 ? 'pending' : 'unknown';
  if (error.side === 'source') return 'failed';
  const isUnseen = isWritten && error.code === 'DENIED';
  return isUnseen || NO_ANSWER.includes(error.code) ? 'unknown' : 'failed';
}
