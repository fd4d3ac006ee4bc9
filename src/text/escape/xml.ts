import { FORMATTING } from '../../image/json-text.ts';

/** What ends a text or an attribute, what parsers normalise, and what is not seen or acts on what shows it. */
const ESCAPED = new RegExp(`[&<>"'\\t\\n\\r\\u007f-\\u009f${FORMATTING}]`, 'gu');

/**
 * Foreign text for XML 1.0, as text or inside a quoted attribute; what XML has no way to say becomes U+FFFD. It begins
 * no command of GitHub Actions, nor has it the older form of one, which is obeyed anywhere in a line.
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
