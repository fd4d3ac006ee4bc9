import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import { aboutImage, refsOn } from '../../plan/about-image.ts';
import type { PlannedImage } from '../images.ts';
import type { ProvenImage } from './proven-images.ts';

/** Returns why an image is held back, or undefined if it is not. */
export function refusal(image: ProvenImage): Failure | undefined {
  const { result, violations, mode } = image.judgement;
  if (result !== 'failed') return undefined;
  const tampered = violations.filter(({ code }) => code === 'TAMPERED');
  const [code, told] = tampered.length > 0 ? (['TAMPERED', tampered] as const) : (['PROVENANCE', violations] as const);
  const [first] = told;
  const message = told.map(({ message: one }) => one).join('; and ');
  return {
    ...aboutOf(image),
    code,
    message: message || `its policy (${mode}) refuses it`,
    ...(first && { hint: first.hint }),
  };
}

/** Returns the failure of an image whose attachments cannot be read. */
export function evidenceFailure(image: PlannedImage, error: PromotionError): Failure {
  const { source, digest } = image.wanted;
  const message = `Discovering attestations of ${source}@${digest} failed: ${error.message}`;
  return { ...aboutOf(image), ...failureOf('provenance', error, { message }) };
}

function aboutOf({ wanted, targets }: PlannedImage): Omit<Failure, 'code' | 'message'> {
  return { phase: 'provenance', ...aboutImage(wanted, refsOn(wanted, targets)) };
}
