import type { Narrator } from '../../events.ts';
import { fold } from '../../text/layout.ts';
import type { Output } from './streams.ts';

/** Folds a text for people to the width of the terminal that shows it; elsewhere a line stays whole, to be searched. */
export function fitted(text: string, { columns }: Partial<Pick<Output, 'columns'>>): string {
  const width = columns?.();
  if (width === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => fold(line, width))
    .join('\n');
}

/** The same for summaries on their way to the log. */
export function fittedSummaries(narrate: Narrator, output: Partial<Pick<Output, 'columns'>>): Narrator {
  return (event) => narrate(event.type === 'summary' ? { ...event, text: fitted(event.text, output) } : event);
}
