import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import { aboutImage } from '../../plan/about-image.ts';
import type { LogLevel } from '../../events.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { PlannedSignature, SummaryDone } from '../images.ts';
import type { Done } from '../../attest/writing/sign-digest.ts';
import type { Carried } from './services.ts';
import { imageFields } from '../log/events.ts';

/** A digest that could not be signed, or recorded, as a failure of its entry. */
export function signingFailure(phase: 'sign' | 'attest', planned: PlannedSignature, error: PromotionError): Failure {
  const { wanted, repository } = planned;
  return failureOf(phase, error, {
    ...aboutImage(wanted, [`${repository}@${wanted.digest}`]),
    message: `${phase === 'sign' ? 'signing' : 'recording'} ${nameOf(planned)}: ${error.message}`,
  });
}

/** Logs that an image is looked at to be signed, in upstream's words. */
export function tellSigning(planned: PlannedSignature, { emit }: Context): void {
  say(planned, 'info', `Signing image ${nameOf(planned)}`, emit);
}

/** Tells those who watch the run of a signature that was made; the log said so before. */
export function tellSigned({ wanted, reference }: PlannedSignature, done: Done, { emit }: Context): void {
  if (done !== 'written') return;
  emit({ type: 'image-signed', image: wanted.name, digest: wanted.digest, reference });
}

/** Logs that an image has no record yet, and that it gets one, in upstream's words. */
export function tellRecording(planned: PlannedSignature, { emit }: Context): void {
  say(planned, 'info', `Promotion record attestation: pushing for ${nameOf(planned)}`, emit);
}

/** Logs how many attestations of staging were carried, and what was left there. */
export function tellCarried(planned: PlannedSignature, { carried, left }: Carried, { emit }: Context): void {
  const message = `Carrying ${carried} ${carried === 1 ? 'attestation' : 'attestations'} to ${nameOf(planned)}`;
  if (carried > 0) say(planned, 'info', message, emit);
  for (const why of left) say(planned, 'warning', `Not carrying an attestation of ${nameOf(planned)}: ${why}`, emit);
}

/** Logs what became of a verification summary, in upstream's words where there are some. */
export function tellSummary(planned: PlannedSignature, done: SummaryDone, { emit }: Context): void {
  if (done === 'written') say(planned, 'info', `Verification summary: pushing for ${nameOf(planned)}`, emit);
  if (done === 'stuck') say(planned, 'warning', `${STUCK}: ${nameOf(planned)}; ${SUPERSEDE}`, emit);
  if (done === 'unknown')
    say(planned, 'warning', `No verification summary for ${nameOf(planned)}: staging no longer has it`, emit);
}

function say({ wanted, reference }: PlannedSignature, level: LogLevel, message: string, emit: Context['emit']): void {
  emit({ type: 'log', level, message, fields: { ...imageFields(wanted), reference } });
}

const STUCK = 'The verification summary failed or evaluated nothing, and is kept';
const SUPERSEDE = '--supersede-summaries evaluates it anew';

/** Logs what keeps a summary that a later verification may not agree with. */
export function tellStuck(names: readonly string[], { emit }: Context): void {
  for (const name of names) emit({ type: 'log', level: 'warning', message: `${STUCK}: ${name}; ${SUPERSEDE}` });
}

/** An image as people name it. */
export function nameOf({ reference, wanted }: Pick<PlannedSignature, 'reference' | 'wanted'>): string {
  return `${reference}@${wanted.digest}`;
}
