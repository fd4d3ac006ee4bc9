import { styleText } from 'node:util';
import { fold } from '../src/text/layout.ts';

/** Prints the demo's text: wrapped to the terminal's width, with colours only on a terminal. */
export type Screen = {
  heading(text: string): void;
  text(text: string): void;
  /** Prints a command as one would type it. */
  command(words: readonly string[]): void;
  /** Prints the output of a command, marked at the left edge. */
  output(text: string): void;
  check(passed: boolean, text: string): void;
};

type Stream = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** Columns of a classic terminal, and of any output that is not a terminal. */
const PAGE = 80;
/** In columns: tables do not fit into fewer, and longer lines are hard to read. */
const [NARROWEST, WIDEST] = [40, 100];

/** Creates a screen on a stream, as wide as its terminal within these limits. */
export function screenOn(stream: Stream): Screen {
  const width = Math.min(Math.max((stream.isTTY === true ? stream.columns : 0) || PAGE, NARROWEST), WIDEST);
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    stream.isTTY === true && !process.env['NO_COLOR'] && text !== ''
      ? styleText(style, text, { validateStream: false })
      : text;
  const lines = (text: string, prefix: string, style?: Parameters<typeof styleText>[0]): void => {
    for (const line of text.split('\n').flatMap((long) => fitted(long, width - prefix.length)))
      stream.write(`${paint('dim', prefix)}${style === undefined ? line : paint(style, line)}`.trimEnd() + '\n');
  };
  return {
    heading: (text) => {
      stream.write('\n');
      lines(text, '', 'bold');
    },
    text: (text) => lines(text, ''),
    command: (words) => {
      stream.write('\n');
      // with a backslash at the end of each line but the last, so that it can be pasted
      lines(fold(`$ ${words.join(' ')}`, width - 2).join(' \\\n'), '', 'cyan');
    },
    output: (text) => lines(text, '│ '),
    check: (passed, text) => lines(`${passed ? '✓' : '✗'} ${text}`, '', passed ? 'green' : 'red'),
  };
}

/** Wraps a line, and cuts words that are wider than the page, such as a reference with a digest. */
function fitted(line: string, width: number): readonly string[] {
  return fold(line, width).flatMap((part) => (part.length <= width ? [part] : cut(part, width)));
}

function cut(part: string, width: number): readonly string[] {
  const indent = /^ */.exec(part)?.[0] ?? '';
  const rest = part.slice(width);
  return [part.slice(0, width), ...(rest === '' ? [] : cut(indent + rest, width))];
}
