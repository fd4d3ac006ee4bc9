import { FORMATTING } from '../../image/json-text.ts';

// C0, DEL and C1 controls, and halves of surrogate pairs
const HIDDEN = new RegExp(`[\\p{Cc}\\p{Cs}${FORMATTING}]`, 'gu');

/** Returns the text on one line, with each invisible or acting character replaced by its code. */
export function visible(text: string): string {
  return text.replaceAll(/\r\n|[\r\n\t]/g, ' ').replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const [letter, digits] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
    return `\\${letter}${code.toString(16).padStart(digits, '0')}`;
  });
}
