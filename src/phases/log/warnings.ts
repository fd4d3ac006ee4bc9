import type { Failure } from '../../errors.ts';
import type { Context } from '../../pipeline/phase.ts';
import { failureLine } from './failures.ts';

/** Logs what fails nothing, each once: what stands in the tree before, and what has no effect. */
export function tellWarnings(warnings: readonly Failure[], { emit }: Context): void {
  const say = (message: string): void => emit({ type: 'log', level: 'warning', message });
  const old = warnings.filter(({ inBase }) => inBase === true).length;
  if (old > 0) say(`Already in the base, and no failure of this run: ${old} ${old === 1 ? 'problem' : 'problems'}`);
  for (const warning of warnings)
    say(`${warning.inBase === true ? 'already in the base: ' : ''}${failureLine(warning)}`);
}
