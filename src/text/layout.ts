/** Fits a terminal of 80 columns, with two columns for a mark before each line. */
const WIDTH = 78;

/** Breaks a long line at its spaces and indents the rest. Never breaks a word, so that it can be copied. */
export function fold(line: string, width = WIDTH): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? '';
  const folded: string[] = [];
  let current = indent;
  for (const word of line.slice(indent.length).split(' ')) {
    const start = folded.length === 0 ? indent : `${indent}  `;
    if (current === start) current += word;
    else if (current.length + 1 + word.length <= width) current += ` ${word}`;
    else {
      folded.push(current);
      current = `${indent}  ${word}`;
    }
  }
  return [...folded, current];
}

/** Aligns the cells of rows, with two spaces between columns. */
export function table(rows: readonly (readonly string[])[], indent: string): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** Formats a number with its noun: `1 image`, `2,000 images`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** Formats a number of bytes in powers of 1024: `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  // 1,023.95 KiB would be rounded to 1024.0 KiB
  const power = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes / 0.99996) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

/** Shortens each digest in a text to 12 digits; logs and reports contain it in full. */
export function shortDigests(text: string): string {
  // as Docker does
  return text.replaceAll(/\b(sha256|sha512):([0-9a-f]{12})[0-9a-f]{52,}/g, '$1:$2…');
}

/** Maximum number of names, mirrors or tags that are listed. */
const NAMED = 3;

/** Lists the first names and counts the rest: `a, b, c and 2 more`. */
export function few(names: readonly string[], most = NAMED): string {
  const more = names.length > most ? ` and ${(names.length - most).toLocaleString('en-US')} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
