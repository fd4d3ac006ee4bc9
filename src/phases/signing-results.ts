import type { Failure, PromotionError } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';
import type { PlannedSignature } from './images.ts';

/** A digest that could not be signed, or recorded, as a failure of its entry. */
export function signingFailure(phase: 'sign' | 'attest', planned: PlannedSignature, error: PromotionError): Failure {
  const { wanted, repository } = planned;
  const { code, message, hint } = error;
  return {
    phase,
    code,
    message: `${phase === 'sign' ? 'signing' : 'recording'} ${nameOf(planned)}: ${message}`,
    ...(hint !== undefined && { hint }),
    at: wanted.at,
    image: wanted.name,
    digest: wanted.digest,
    source: `${wanted.source}@${wanted.digest}`,
    refs: [`${repository}@${wanted.digest}`],
  };
}

/** Logs that an image is looked at to be signed, in upstream's words. */
export function tellSigning(planned: PlannedSignature, { narrate }: Context): void {
  narrate({ type: 'log', level: 'info', message: `Signing image ${nameOf(planned)}` });
}

/** Logs that an image has no record yet, and that it gets one, in upstream's words. */
export function tellRecording(planned: PlannedSignature, { narrate }: Context): void {
  const say = (message: string): void => narrate({ type: 'log', level: 'info', message });
  say(`Promotion record attestation: pushing for ${nameOf(planned)}`);
}

function nameOf({ reference, wanted }: PlannedSignature): string {
  return `${reference}@${wanted.digest}`;
}
