import type { Position } from '../errors.ts';

/** Converts the offsets of one text to positions. */
type SourceText = { at(offset: number): Position };

/** Builds the line table of a text once; `padding` holds, by line from 0, how many columns were put before that line. */
export function sourceText(file: string, text: string, padding: ReadonlyMap<number, number> = new Map()): SourceText {
  const starts = lineStarts(text);
  return {
    at: (offset) => {
      const line = lineAt(starts, Math.max(0, Math.min(offset, text.length)));
      const column = offset - (starts[line] ?? 0) - (padding.get(line) ?? 0);
      return { file, line: line + 1, column: Math.max(column, 0) + 1 };
    },
  };
}

/** The offset at which each line begins; lines end as in YAML: with LF, CR or CR LF. */
export function lineStarts(text: string): LineStarts {
  // a search takes a tenth of the time of a loop over the characters
  const end = text.includes('\r') ? anyEnd(text) : (from: number): number => text.indexOf('\n', from);
  // a file may be nothing but line ends: no object for each
  let starts = new Uint32Array(1024);
  let lines = 1;
  for (let index = end(0); index >= 0; index = end(index + 1)) {
    if (lines === starts.length) {
      const more = new Uint32Array(lines * 2);
      more.set(starts);
      starts = more;
    }
    starts[lines] = index + 1;
    lines += 1;
  }
  return starts.subarray(0, lines);
}

/** Finds the next character that ends a line, from an offset; -1 if there is none. */
function anyEnd(text: string): (from: number) => number {
  const [LF, CR] = [0x0a, 0x0d];
  return (from) => {
    for (let index = from; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code === LF || (code === CR && text.charCodeAt(index + 1) !== LF)) return index;
    }
    return -1;
  };
}

/** Where each line of a text begins, by line from 0. */
export type LineStarts = Uint32Array;

/** The line, from 0, that holds an offset. */
export function lineAt(starts: LineStarts, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

// C1 controls steer terminals; direction marks and odd line ends make text look like something else.
const DECEIVING = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Returns untrusted text for a message: quoted, on one line, printable, and at most 100 characters. */
export function quote(text: string): string {
  // 100: a digest of 71 characters stays whole, a pasted file does not flood the log.
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return JSON.stringify(short).replace(
    DECEIVING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
