/**
 * Part of a character class: format characters that change direction or are invisible, tags and variation selectors
 * that can hide text, line and paragraph separators, and noncharacters. See
 * https://www.unicode.org/reports/tr36/#visual_spoofing
 */
export const FORMATTING =
  '\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\uffff\\u{e0000}-\\u{e0fff}';

/** Invisible characters and those that act on a terminal; JSON itself escapes C0 controls and lone surrogates. */
const HIDDEN_IN_JSON = new RegExp(`[\\u007f-\\u009f${FORMATTING}]`, 'gu');

/**
 * Serializes a value as JSON that is safe to show: it contains no invisible or direction-changing character and no
 * old-style command of GitHub Actions, which is executed anywhere in a line:
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
