/**
 * Format characters that change direction or are not seen, tags and variation selectors that hide whole texts in one
 * character, line and paragraph separators, and what is no character at all, as part of a class of a regular expression:
 * https://www.unicode.org/reports/tr36/#visual_spoofing
 */
export const FORMATTING =
  '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\uffff\\u{e0000}-\\u{e0fff}';

/** What is not seen, or acts on what shows it; JSON itself escapes C0 controls and halves of surrogate pairs. */
const HIDDEN_IN_JSON = new RegExp(`[\\u007f-\\u009f${FORMATTING}]`, 'gu');

/**
 * A value as JSON that reads as the same value, whose text is safe for whoever shows it: nothing in it is hidden, changes the
 * direction of the rest, or is the older form of a command of GitHub Actions, which is obeyed anywhere in a line:
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll('##[', '#\\u0023[').replaceAll(HIDDEN_IN_JSON, unitsOf);
}

function unitsOf(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
  }).join('');
}
