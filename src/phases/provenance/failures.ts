import type { Failure, PromotionError } from '../../errors.ts';
import { refsOf } from '../../image/reference.ts';
import type { PlannedImage } from '../images.ts';
import type { ProvenImage } from './proven-images.ts';

/** Why an image is held back; undefined of one that may go on. */
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

/** That an image cannot be promoted, since what is attached to it cannot be read. */
export function evidenceFailure(image: PlannedImage, { code, message, hint }: PromotionError): Failure {
  const { source, digest } = image.wanted;
  return {
    ...aboutOf(image),
    code,
    message: `Discovering attestations of ${source}@${digest} failed: ${message}`,
    ...(hint !== undefined && { hint }),
  };
}

function aboutOf({ wanted, targets }: PlannedImage): Omit<Failure, 'code' | 'message'> {
  return {
    phase: 'provenance',
    at: wanted.at,
    image: wanted.name,
    digest: wanted.digest,
    source: `${wanted.source}@${wanted.digest}`,
    refs: targets.flatMap(({ repository, tags }) => refsOf(repository, tags, wanted.digest)),
  };
}
