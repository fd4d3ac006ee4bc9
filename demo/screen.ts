import { styleText } from 'node:util';
import { fold } from '../src/text/layout.ts';

/** Writes the demo's page: folded to the terminal's width, coloured only on a terminal. */
export type Screen = {
  heading(text: string): void;
  text(text: string): void;
  /** A command as one would type it. */
  command(words: readonly string[]): void;
  /** What a command printed, set apart from the demo's own words. */
  output(text: string): void;
  check(passed: boolean, text: string): void;
};

type Stream = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };

/** The width of a classic terminal, and of every page that is not shown on one. */
const PAGE = 80;
/** Tables do not fit in less, and the eye loses the line in more. */
const [NARROWEST, WIDEST] = [40, 100];

/** A screen on a stream, as wide as the terminal but no wider than is easy to read. */
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
      // with a backslash at the end of each line but the last, so that it can be pasted as it is
      lines(fold(`$ ${words.join(' ')}`, width - 2).join(' \\\n'), '', 'cyan');
    },
    output: (text) => lines(text, '│ '),
    check: (passed, text) => lines(`${passed ? '✓' : '✗'} ${text}`, '', passed ? 'green' : 'red'),
  };
}

/** Folds a line, and cuts a word that is wider than the page, for instance a reference with a digest. */
function fitted(line: string, width: number): readonly string[] {
  return fold(line, width).flatMap((part) => (part.length <= width ? [part] : cut(part, width)));
}

function cut(part: string, width: number): readonly string[] {
  const indent = /^ */.exec(part)?.[0] ?? '';
  const rest = part.slice(width);
  return [part.slice(0, width), ...(rest === '' ? [] : cut(indent + rest, width))];
}
