import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import { aboutImage } from '../../plan/about-image.ts';
import type { PlannedSignature } from '../images.ts';

/** Returns the failure of an entry whose digest could not be signed or recorded. */
export function signingFailure(
  phase: 'sign' | 'attest',
  { wanted, repository, reference }: PlannedSignature,
  error: PromotionError,
): Failure {
  return failureOf(phase, error, {
    ...aboutImage(wanted, [`${repository}@${wanted.digest}`]),
    message: `${phase === 'sign' ? 'signing' : 'recording'} ${reference}@${wanted.digest}: ${error.message}`,
  });
}
