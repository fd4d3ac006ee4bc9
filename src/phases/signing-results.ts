import type { Failure, PromotionError } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';
import type { PlannedSignature, SummaryDone } from './images.ts';
import type { Done } from '../attest/sign-image.ts';
import type { Carried } from './signing.ts';

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

/** Tells those who watch the run of a signature that was made; the log said so before. */
export function tellSigned({ wanted, reference }: PlannedSignature, done: Done, { narrate }: Context): void {
  if (done !== 'written') return;
  narrate({ type: 'image-signed', image: wanted.name, digest: wanted.digest, reference });
}

/** Logs that an image has no record yet, and that it gets one, in upstream's words. */
export function tellRecording(planned: PlannedSignature, { narrate }: Context): void {
  const say = (message: string): void => narrate({ type: 'log', level: 'info', message });
  say(`Promotion record attestation: pushing for ${nameOf(planned)}`);
}

/** Logs how many attestations of staging were carried, and what was left there. */
export function tellCarried(planned: PlannedSignature, { carried, left }: Carried, { narrate }: Context): void {
  const message = `Carrying ${carried} ${carried === 1 ? 'attestation' : 'attestations'} to ${nameOf(planned)}`;
  if (carried > 0) narrate({ type: 'log', level: 'info', message });
  for (const why of left)
    narrate({ type: 'log', level: 'warning', message: `Not carrying an attestation of ${nameOf(planned)}: ${why}` });
}

/** Logs what became of a verification summary, in upstream's words where there are some. */
export function tellSummary(planned: PlannedSignature, done: SummaryDone, { narrate }: Context): void {
  if (done === 'written')
    narrate({ type: 'log', level: 'info', message: `Verification summary: pushing for ${nameOf(planned)}` });
  if (done === 'stuck')
    narrate({ type: 'log', level: 'warning', message: `${STUCK}: ${nameOf(planned)}; ${SUPERSEDE}` });
  if (done === 'unknown')
    narrate({
      type: 'log',
      level: 'warning',
      message: `No verification summary for ${nameOf(planned)}: staging no longer has it`,
    });
}

const STUCK = 'The verification summary failed or evaluated nothing, and is kept';
const SUPERSEDE = '--supersede-summaries evaluates it anew';

/** Logs what keeps a summary that a later verification may not agree with. */
export function tellStuck(names: readonly string[], { narrate }: Context): void {
  for (const name of names) narrate({ type: 'log', level: 'warning', message: `${STUCK}: ${name}; ${SUPERSEDE}` });
}

/** An image as people name it. */
export function nameOf({ reference, wanted }: Pick<PlannedSignature, 'reference' | 'wanted'>): string {
  return `${reference}@${wanted.digest}`;
}
