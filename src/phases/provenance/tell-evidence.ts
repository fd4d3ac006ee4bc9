import { NOT_LOADED } from '../../attest/verifying/untrusting.ts';
import { allItems } from '../../attest/evidence/state.ts';
import type { LogLevel } from '../../events.ts';
import type { Context } from '../../pipeline/phase.ts';
import { signerText } from '../../policy/judge-digest.ts';
import type { ProvenImage } from './proven-images.ts';

/** More warnings than this are counted, and told to those who debug: reports have all of them. */
const WARNINGS = 20;

/** Warns of what policies do not like, and of what nobody here can verify. */
export function tellWarnings(images: readonly ProvenImage[], { emit }: Context): void {
  const say = (level: LogLevel, message: string): void => emit({ type: 'log', level, message });
  const isUnverifiable = ({ evidence }: ProvenImage): boolean =>
    allItems(evidence).some(({ status, reason }) => status === 'unverifiable' && reason !== NOT_LOADED);
  const unverifiable = images.filter(isUnverifiable).length;
  if (unverifiable > 0)
    say(
      'warning',
      `${unverifiable === 1 ? '1 image has' : `${unverifiable} images have`} something attached that cannot be verified here; --log-level=debug names it, and why`,
    );
  const warned = images.filter(({ judgement }) => judgement.result === 'warned');
  const violations = warned.flatMap(({ judgement }) => judgement.violations);
  for (const [index, { message, hint }] of violations.entries())
    say(index < WARNINGS ? 'warning' : 'debug', `${message}; ${hint}`);
  if (violations.length > WARNINGS)
    say('warning', `${violations.length - WARNINGS} more warnings of policies; --log-level=debug shows them`);
}

/** Logs what is attached to an image, in upstream's words. */
export function tellEvidence({ wanted, evidence, found }: ProvenImage, { emit }: Context): void {
  if (found === undefined) return;
  const say = (level: LogLevel, message: string): void => emit({ type: 'log', level, message });
  const name = `${wanted.source}@${wanted.digest}`;
  const all = allItems(evidence);
  if (all.length === 0) say('debug', `No attestations found for ${name}`);
  else say('debug', `Attestations found for ${name}: signature ${found.signature}, attestations ${found.attestations}`);
  for (const { subject, kind, form, status, reason, ...item } of all)
    say(
      'debug',
      `${wanted.source}@${subject}: ${kind} (${form} ${item.manifest}) by ${signerText({ kind, form, status, ...item })} is ${status}${reason === undefined ? '' : `: ${reason}`}`,
    );
}
