import type { Failure } from '../errors.ts';
import type { ImageReport } from './model/report.ts';
import type { RunFacts } from '../pipeline/run-facts.ts';
import { count } from '../text/layout.ts';

/** Returns the problem of a stopped run, with the number of unfinished images; empty for other runs. */
export function stoppedProblem(
  { aborted, phases = [] }: RunFacts,
  images: readonly Pick<ImageReport, 'targets'>[],
): readonly Failure[] {
  if (aborted === undefined) return [];
  const undone = images.filter(({ targets }) =>
    targets.some(({ pending, code }) => pending === true || code === 'ABORTED'),
  ).length;
  const what = undone === 0 ? '' : `: ${count(undone, 'image')} not done`;
  const hint = 'run the same command again; it continues where it stopped';
  return [{ phase: phases.at(-1)?.name ?? 'setup', code: 'ABORTED', message: `${aborted}${what}`, hint }];
}
