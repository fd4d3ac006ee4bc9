import type { SummaryEvent } from '../events.ts';
import type { Failure } from '../errors.ts';
import type { RunFacts } from '../pipeline/run-facts.ts';

/** What every report has; totals are numbers, and details that are left out here. */
type Summarized = {
  readonly run: RunFacts;
  readonly failures: readonly Failure[];
  readonly totals: object;
};

/** The result of a run as one event: the text for people, and the totals for logs that programs read. */
export function summaryEvent({ run, failures, totals }: Summarized, text: string): SummaryEvent {
  const { mode, ms, aborted } = run;
  const numbers = Object.entries(totals).filter(([, value]) => typeof value === 'number');
  const counts = Object.fromEntries(numbers) as Readonly<Record<string, number>>;
  const stopped = aborted !== undefined && { aborted };
  return { type: 'summary', text, fields: { mode, ms, problems: failures.length, ...counts, ...stopped } };
}
