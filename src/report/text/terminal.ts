import { visible } from './hidden.ts';

/** Foreign text for a terminal: one line, without anything that a terminal obeys or that hides what is there. */
export function terminalText(text: string): string {
  return visible(text);
}

/** Lines for a terminal, each made safe and ended: all that summaries and tables print goes through here. */
export function terminalLines(lines: readonly string[]): string {
  return lines.map((line) => `${terminalText(line)}\n`).join('');
}
