/** Fits a terminal of 80 columns, also when something puts a mark before each line. */
const WIDTH = 78;

/** Breaks a line at its spaces where it is too wide, what follows indented; a long word stays whole, to be copied. */
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

/** Lines up the cells of rows, two spaces between columns. */
export function table(rows: readonly (readonly string[])[], indent: string): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows.map((row) =>
    `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** A number with its noun: `1 image`, `2,000 images`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`;
}

/** Bytes as people read them, in powers of 1024. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  // 1,023.95 KiB would be rounded to 1024.0 KiB
  const power = Math.min(units.length - 1, bytes < 1024 ? 0 : Math.floor(Math.log2(bytes / 0.99996) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power] ?? 'B'}`;
}

/** The text with each digest cut to what people compare; logs and reports have it in full. */
export function shortDigests(text: string): string {
  // 12 digits, as Docker shows them
  return text.replaceAll(/\b(sha256|sha512):([0-9a-f]{12})[0-9a-f]{52,}/g, '$1:$2…');
}

/** More names, mirrors or tags than this are counted, not named. */
const NAMED = 3;

/** Names a few, and counts the rest. */
export function few(names: readonly string[], most = NAMED): string {
  const more = names.length > most ? ` and ${(names.length - most).toLocaleString('en-US')} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
