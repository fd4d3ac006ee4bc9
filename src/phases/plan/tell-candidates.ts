import { durationText } from '../../pipeline/duration.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Candidates } from '../../plan/candidates.ts';
import type { CandidateServices } from './candidate-services.ts';

/** A look at fewer is over before anybody has read how long it takes. */
const WORTH_TELLING = 1000;

/** Logs how many digests without a signature are left alone, and why. */
export function tellLeft({ older, undated }: Pick<Candidates, 'older' | 'undated'>, { emit }: Context): void {
  const say = (message: string): void => emit({ type: 'log', level: 'info', message });
  if (older > 0) say(`${digests(older)} without a .sig tag older than --repair-since: counted, not signed`);
  if (undated > 0)
    say(
      `${digests(undated)} without a .sig tag of unknown age, as neither Git nor the registry tells: only what this run copies or tags is signed`,
    );
}

/** Logs that a look is not taken where nobody is known who would have signed. */
export function tellNoIdentity(count: number, { emit }: Context): void {
  if (count === 0) return;
  const message = `${digests(count)} not looked at for missing signatures: this run has no identity to sign with`;
  emit({ type: 'log', level: 'info', message });
}

/** Logs how many digests are looked at, and how long that takes where it takes long. */
export function tellLook(count: number, { rules, rate }: CandidateServices, { emit }: Context): void {
  const which = rules.since === 'all' ? 'all that are complete' : 'complete, and young enough for --repair-since';
  const time = durationText((count / rate) * 1000);
  const estimate = count < WORTH_TELLING ? '' : `; at ${rate} requests a second this takes ${time}`;
  const message = `Looking at ${digests(count)} (${which}) for missing signatures and records${estimate}`;
  emit({ type: 'log', level: 'info', message });
}

function digests(count: number): string {
  return `${count} ${count === 1 ? 'digest' : 'digests'}`;
}
