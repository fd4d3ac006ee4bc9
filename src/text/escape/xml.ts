import { FORMATTING } from '../../image/json-text.ts';

/** Characters that end a text or an attribute, that parsers normalize, or that are invisible or acting. */
const ESCAPED = new RegExp(`[&<>"'\\t\\n\\r\\u007f-\\u009f${FORMATTING}]`, 'gu');

/**
 * Escapes untrusted text for XML 1.0, as text or in a quoted attribute. A character that XML cannot represent becomes
 * U+FFFD. The result contains no command of GitHub Actions.
 */
export function xmlText(text: string): string {
  return (
    text
      .toWellFormed()
      // https://www.w3.org/TR/xml/#charsets
      .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      .replaceAll(ESCAPED, (character) => (character === '\ufffd' ? character : `&#${character.codePointAt(0)};`))
      .replaceAll('##[', '#&#35;[')
      .replace(/^(\s*):(?=:)/, '$1&#58;')
  );
}
