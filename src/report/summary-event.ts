import type { SummaryEvent } from '../events.ts';
import type { Failure } from '../errors.ts';
import type { RunFacts } from '../pipeline/run-facts.ts';

/** The parts of a report that the event needs; details beside the totals are omitted. */
type Summarized = {
  readonly run: RunFacts;
  readonly failures: readonly Failure[];
  readonly totals: object;
};

/** Returns the result of a run as an event: a text for people, and totals for programs that read logs. */
export function summaryEvent({ run, failures, totals }: Summarized, text: string): SummaryEvent {
  const { mode, ms, aborted } = run;
  const numbers = Object.entries(totals).filter(([, value]) => typeof value === 'number');
  const counts = Object.fromEntries(numbers) as Readonly<Record<string, number>>;
  const stopped = aborted !== undefined && { aborted };
  return { type: 'summary', text, fields: { mode, ms, problems: failures.length, ...counts, ...stopped } };
}
