import type { Narrator } from '../../events.ts';
import { fold } from '../../text/layout.ts';
import type { Output } from './streams.ts';

/** Wraps text to the width of the terminal. For other outputs, lines stay whole, so that they can be searched. */
export function fitted(text: string, { columns }: Partial<Pick<Output, 'columns'>>): string {
  const width = columns?.();
  if (width === undefined) return text;
  return text
    .split('\n')
    .flatMap((line) => fold(line, width))
    .join('\n');
}

/** Wraps the summaries that pass through a narrator. */
export function fittedSummaries(narrate: Narrator, output: Partial<Pick<Output, 'columns'>>): Narrator {
  return (event) => narrate(event.type === 'summary' ? { ...event, text: fitted(event.text, output) } : event);
}
