/**
 * Format characters that change direction or are not seen, tags and variation selectors that hide whole texts in one
 * character, line and paragraph separators, and what is no character at all, as part of a class of a regular expression:
 * https://www.unicode.org/reports/tr36/#visual_spoofing
 */
export const FORMATTING =
  '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\uffff\\u{e0000}-\\u{e0fff}';

// C0, DEL and C1 controls, and halves of surrogate pairs
const HIDDEN = new RegExp(`[\\p{Cc}\\p{Cs}${FORMATTING}]`, 'gu');

/** The text on one line, with each character that is not seen, or that acts on what shows it, written as its code. */
export function visible(text: string): string {
  return text.replaceAll(/\r\n|[\r\n\t]/g, ' ').replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const [letter, digits] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
    return `\\${letter}${code.toString(16).padStart(digits, '0')}`;
  });
}
