import { EVENT_ID, parseEvents, SCALAR_STYLE, YAMLException, type Event } from 'js-yaml';
import { lineAt, lineStarts } from './source-text.ts';

/** Parser events with the text that their offsets refer to: the given one, some lines of it pushed to the right. */
export type TolerantEvents = {
  readonly events: readonly Event[];
  readonly text: string;
  /** By line from 0, how many columns were put before it. */
  readonly padding: ReadonlyMap<number, number>;
};

/** What the YAML grammar does not allow, and where in `text`. */
export type SyntaxProblem = { readonly reason: string; readonly offset: number; readonly text: string; readonly padding: ReadonlyMap<number, number> };

/** Pushes a line past its key: three levels of keys stay below it even at 16 columns each. */
const PAD = 64;

/** Collections in collections; a manifest has five. Far below what the parser's recursion could bear. */
const MAX_DEPTH = 50;

/** How many characters may be parsed again for lines that are repaired one by one: keeps a hostile file from taking minutes. */
const REPARSE_BUDGET = 64 * 1024 * 1024;

/**
 * Parses YAML as js-yaml does, but takes flow collections whose lines stand left of their key, as libyaml (and so
 * upstream) does.
 */
export function parseTolerant(original: string): TolerantEvents | SyntaxProblem {
  const starts = lineStarts(original);
  const refused = new Set<number>();
  let guessed: Set<number> | undefined;
  let text = original;
  let untabbed = original;
  let budget = REPARSE_BUDGET;
  for (;;) {
    const padded = new Set([...refused, ...(guessed ?? [])]);
    text = pad(untabbed, starts, padded);
    const padding = new Map([...padded].map((line) => [line, PAD]));
    const result = tryParse(text);
    budget -= text.length;
    if (Array.isArray(result)) {
      const wrong = insideScalars(result, lineStarts(text), guessed ?? new Set());
      if (wrong.length === 0) return { events: result, text, padding };
      for (const line of wrong) guessed?.delete(line);
      continue;
    }
    const fix = result.reason === 'deficient indentation' && budget > 0 ? repair(untabbed, starts, result.offset, text, refused) : undefined;
    if (fix === undefined) return { ...result, text, padding };
    if (fix.line !== undefined) refused.add(fix.line);
    untabbed = fix.text;
    // A file in which one list closes like this has many: parsing it again for each would take quadratic time.
    guessed ??= closingLines(original, starts);
  }
}

function tryParse(text: string): Event[] | { reason: string; offset: number } {
  try {
    return parseEvents(text, { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (error instanceof YAMLException) return { reason: error.reason, offset: error.mark?.position ?? 0 };
    return { reason: error instanceof Error ? error.message : String(error), offset: 0 };
  }
}

/** What to change for a line that js-yaml found too far left; undefined when that would not help. */
function repair(text: string, starts: readonly number[], offset: number, parsed: string, refused: ReadonlySet<number>): { text: string; line?: number } | undefined {
  const parsedStarts = lineStarts(parsed);
  const line = lineAt(parsedStarts, offset);
  const before = parsed.slice(parsedStarts[line] ?? 0, offset);
  if (before.trim() === '') {
    const start = starts[line] ?? 0;
    const isMarker = /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(start, start + 4));
    return refused.has(line) || isMarker ? undefined : { text, line };
  }
  // A tab between the parts of a flow list is refused under the same name; a space in its place moves nothing.
  const lineText = text.slice(starts[line] ?? 0, starts[line + 1] ?? text.length);
  const spaced = lineText.replace(/(?<=[:,[{][ \t]*)\t/g, ' ');
  return spaced === lineText ? undefined : { text: text.slice(0, starts[line]) + spaced + text.slice(starts[line + 1] ?? text.length) };
}

/** Lines that begin with a closing bracket. */
function closingLines(text: string, starts: readonly number[]): Set<number> {
  const lines = new Set<number>();
  for (const [line, start] of starts.entries()) {
    let first = start;
    while (text[first] === ' ' || text[first] === '\t') first += 1;
    if (text[first] === ']' || text[first] === '}') lines.add(line);
  }
  return lines;
}

function pad(text: string, starts: readonly number[], lines: ReadonlySet<number>): string {
  if (lines.size === 0) return text;
  const parts: string[] = [];
  let from = 0;
  for (const line of [...lines].sort((a, b) => a - b)) {
    const start = starts[line] ?? 0;
    parts.push(text.slice(from, start), ' '.repeat(PAD));
    from = start;
  }
  return parts.join('') + text.slice(from);
}

/** Guessed lines that are no end of a list but the continuation of a scalar, whose text the guess may have changed. */
function insideScalars(events: readonly Event[], starts: readonly number[], guessed: ReadonlySet<number>): number[] {
  const wrong: number[] = [];
  if (guessed.size === 0) return wrong;
  for (const event of events) {
    if (event.type !== EVENT_ID.SCALAR || event.fast || event.valueStart < 0 || event.style === SCALAR_STYLE.DOUBLE_QUOTED) continue;
    for (let line = lineAt(starts, event.valueStart); (starts[line] ?? Infinity) < event.valueEnd; line += 1) {
      if (guessed.has(line)) wrong.push(line);
    }
  }
  return wrong;
}
