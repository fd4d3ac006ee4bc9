import { visible } from './hidden.ts';

/** Foreign text for a terminal: one line, without anything that a terminal obeys or that hides what is there. */
export function terminalText(text: string): string {
  return visible(text);
}
