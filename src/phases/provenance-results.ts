import { signerText } from '../policy/judge-digest.ts';
import { allItems } from '../attest/evidence-state.ts';
import type { Failure, PromotionError } from '../errors.ts';
import type { LogLevel } from '../events.ts';
import { refsOf } from '../image/reference.ts';
import type { Context } from '../pipeline/phase.ts';
import type { PlannedImage } from './images.ts';
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

/** Logs what is attached to an image, in upstream's words, and warns of what a policy does not like. */
export function tellEvidence({ wanted, evidence, judgement, found }: ProvenImage, { narrate }: Context): void {
  const say = (level: LogLevel, message: string): void => narrate({ type: 'log', level, message });
  const name = `${wanted.source}@${wanted.digest}`;
  const all = allItems(evidence);
  if (all.length === 0) say('debug', `No attestations found for ${name}`);
  else say('info', `Attestations found for ${name}: signature ${found.signature}, attestations ${found.attestations}`);
  for (const { subject, kind, form, status, reason, ...item } of all)
    say(
      status === 'unverifiable' ? 'warning' : 'debug',
      `${wanted.source}@${subject}: ${kind} (${form} ${item.manifest}) by ${signerText({ kind, form, status, ...item })} is ${status}${reason === undefined ? '' : `: ${reason}`}`,
    );
  if (judgement.result === 'warned')
    for (const { message, hint } of judgement.violations) say('warning', `${message}; ${hint}`);
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
