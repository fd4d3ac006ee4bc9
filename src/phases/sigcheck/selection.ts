import type { Context } from '../../pipeline/phase.ts';
import type { Selection } from '../../plan/checks.ts';
import type { PlanSigcheckServices } from './plan-services.ts';

/** Logs which digests are checked, and why others are not. */
export function tellSelection(
  checked: number,
  beyond: number,
  { undated = 0, absent = 0, outside = 0 }: Partial<Selection>,
  { refs, window }: Pick<PlanSigcheckServices, 'refs' | 'window'>,
  { emit }: Context,
): void {
  const say = (message: string): void => emit({ type: 'log', level: 'info', message });
  const isDated = refs.length === 0 && checked > undated;
  const { from, to } = window;
  const when = to === undefined ? `since ${minute(from)}` : `between ${minute(from)} and ${minute(to)}`;
  say(`Checking ${digests(checked)}${isDated ? ` uploaded ${when}` : ''}`);
  if (outside > 0) say(`${digests(outside)} uploaded before or after are not checked (--from-days, --to-days)`);
  if (undated > 0)
    say(`${digests(undated)} checked whatever their age: their registries do not tell when they were uploaded`);
  if (absent > 0) say(`${digests(absent)} not on the primary registry yet: \`kpromo cip\` promotes them`);
  if (beyond > 0) say(`${digests(beyond)} more not checked (--limit)`);
}

function minute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`;
}

function digests(count: number): string {
  return count === 1 ? '1 digest' : `${count} digests`;
}
