const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

// Everything except what unicode.IsPrint accepts: letters, marks, numbers, punctuation, symbols and the plain space.
// Also tags and variation selectors, which can hide a whole text in one character.
const UNPRINTABLE = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|[\u{e0000}-\u{e0fff}]/gu;

/** Quotes a text as Go's `%q` does. The result cannot move a cursor, end a line or change the text direction. */
export function goQuote(text: string): string {
  return `"${withoutCommands(text.replace(UNPRINTABLE, escape))}"`;
}

/** Escapes a text like `goQuote`, without quotes. */
export function printable(text: string): string {
  return withoutCommands(
    text.replace(UNPRINTABLE, (character) => (/["\\]/.test(character) ? character : escape(character))),
  );
}

/** Escapes the older form of commands of GitHub Actions, which is executed anywhere in a line. */
function withoutCommands(text: string): string {
  return text.replaceAll('##[', '#\\x23[');
}

function escape(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
