// C0, DEL and C1 controls, format characters that change direction or are not seen, line and paragraph separators,
// halves of surrogate pairs, and what is no character at all: https://www.unicode.org/reports/tr36/#visual_spoofing
const HIDDEN = /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/gu;

/** The text on one line, with each character that is not seen, or that acts on what shows it, written as its code. */
export function visible(text: string): string {
  return text.replaceAll(/\r\n|[\r\n\t]/g, ' ').replaceAll(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
