/** A run of characters that are not special, a quoted part, or an escaped character. */
const PART = /[^\s'"\\]+|'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^]/y;

/** Splits text into words as a POSIX shell does, but expands nothing. Throws if a quote is not closed. */
export function words(text: string): string[] {
  const found: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text.charAt(at))) {
      if (word !== undefined) found.push(word);
      word = undefined;
      at += 1;
      continue;
    }
    PART.lastIndex = at;
    const [part = ''] = PART.exec(text) ?? [];
    if (part === '') throw new Error(`args: a quote or an escape is not closed: ${text.slice(at)}`);
    // a backslash before the end of a line joins the lines
    if (part !== '\\\n') word = (word ?? '') + unquoted(part);
    at += part.length;
  }
  return word === undefined ? found : [...found, word];
}

function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (part.startsWith('\\')) return part.slice(1);
  if (!part.startsWith('"')) return part;
  // https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_03
  return part.slice(1, -1).replaceAll(/\\([$`"\\\n])/g, (_, escaped: string) => (escaped === '\n' ? '' : escaped));
}
