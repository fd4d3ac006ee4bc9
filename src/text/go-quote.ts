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

// what unicode.IsPrint is true for: letters, marks, numbers, punctuation, symbols and the plain space
// besides, tags and variation selectors, which hide whole texts in one character
const UNPRINTABLE = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|[\u{e0000}-\u{e0fff}]/gu;

/** The text in double quotes as Go's `%q` prints it: nothing in it can move a cursor, end a line or change its direction. */
export function goQuote(text: string): string {
  return `"${withoutCommands(text.replace(UNPRINTABLE, escape))}"`;
}

/** The text without quotes, safe on a terminal in the same way. */
export function printable(text: string): string {
  return withoutCommands(
    text.replace(UNPRINTABLE, (character) => (/["\\]/.test(character) ? character : escape(character))),
  );
}

/** GitHub Actions obeys the older form of its commands anywhere in a line: one of its characters is written as its code. */
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
