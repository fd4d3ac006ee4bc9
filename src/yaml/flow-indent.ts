import { COLLECTION_STYLE, EVENT_ID, parseEvents, SCALAR_STYLE, YAMLException } from 'js-yaml';
import type { Event, ScalarEvent } from 'js-yaml';

import { lineAt, lineStarts, type LineStarts } from './source-text.ts';

/** Parser events with the text of their offsets: the original with some lines indented. */
type TolerantEvents = {
  readonly events: readonly Event[];
  readonly text: string;
  /** By line, from 0: the number of columns added before it. */
  readonly padding: ReadonlyMap<number, number>;
};

/** A violation of the YAML grammar, and its position in `text`. */
export type SyntaxProblem = {
  readonly reason: string;
  readonly offset: number;
  readonly text: string;
  readonly padding: ReadonlyMap<number, number>;
};

/** Columns that indent a line beyond its key: three levels of keys stay below it even at 16 columns each. */
const PAD = 64;

/** Maximum nesting of collections; a manifest has five. Far below what the parser's recursion can bear. */
const MAX_DEPTH = 50;

/**
 * Number of characters that may be parsed again to repair lines one by one: four times the largest file. A hostile file
 * would otherwise take hours.
 */
const REPARSE_BUDGET = 32 * 1024 * 1024;

/**
 * Maximum number of lines that are indented on a guess: more would make a text of two characters a line thirty times as
 * long.
 */
const MAX_GUESSED = 100_000;

/**
 * Parses YAML like js-yaml, but accepts flow collections whose lines are indented less than their key, as libyaml and
 * upstream do.
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
      const wrong = wrongGuesses(result, lineStarts(text), guessed ?? new Set());
      if (wrong.length === 0) return { events: result, text, padding };
      if (budget > 0) for (const line of wrong) guessed?.delete(line);
      else guessed?.clear();
      continue;
    }
    const fix =
      result.reason === 'deficient indentation' && budget > 0
        ? repair(untabbed, starts, result.offset, text, refused)
        : undefined;
    if (fix === undefined) {
      if (guessed === undefined || guessed.size === 0) return { ...result, text, padding };
      guessed.clear(); // the error may be of our own making
      continue;
    }
    if (fix.line !== undefined) refused.add(fix.line);
    untabbed = fix.text;
    // A file with one such list has many: parsing it again for each would take quadratic time.
    guessed ??= likelyFlowLines(original, starts);
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

/** Returns the change for a line that js-yaml found indented too little; undefined if none would help. */
function repair(
  text: string,
  starts: LineStarts,
  offset: number,
  parsed: string,
  refused: ReadonlySet<number>,
): { text: string; line?: number } | undefined {
  const parsedStarts = lineStarts(parsed);
  const line = lineAt(parsedStarts, offset);
  const before = parsed.slice(parsedStarts[line] ?? 0, offset);
  if (before.trim() === '') {
    const start = starts[line] ?? 0;
    const isMarker = /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(start, start + 4));
    return refused.has(line) || isMarker ? undefined : { text, line };
  }
  // A tab between the parts of a flow list is rejected with the same error; a space in its place moves nothing.
  const lineText = text.slice(starts[line] ?? 0, starts[line + 1] ?? text.length);
  const spaced = lineText.replace(/(?<=[:,[{][ \t]*)\t/g, ' ');
  return spaced === lineText
    ? undefined
    : { text: text.slice(0, starts[line]) + spaced + text.slice(starts[line + 1] ?? text.length) };
}

/** A closing bracket, or one tag with its comma: the lines of a flow list that spans several. */
const FLOW_LINE = /^[ \t]*(?:[\]}]|["']?\w[\w.+-]*["']?[ \t]*,?[ \t]*(?:#.*)?\r?$)/;

function likelyFlowLines(text: string, starts: LineStarts): Set<number> {
  const lines = new Set<number>();
  for (const [line, start] of starts.entries()) {
    const end = starts[line + 1] ?? text.length;
    // 300: a tag has at most 128 characters; longer lines are not guessed.
    if (FLOW_LINE.test(text.slice(start, Math.min(end, start + 300)).trimEnd())) lines.add(line);
    if (lines.size === MAX_GUESSED) break;
  }
  return lines;
}

function pad(text: string, starts: LineStarts, lines: ReadonlySet<number>): string {
  if (lines.size === 0) return text;
  const parts: string[] = [];
  let from = 0;
  for (const line of [...lines].toSorted((a, b) => a - b)) {
    const start = starts[line] ?? 0;
    parts.push(text.slice(from, start), ' '.repeat(PAD));
    from = start;
  }
  return parts.join('') + text.slice(from);
}

/** Returns guessed lines outside of flow collections, where indentation matters and the guess may have changed it. */
function wrongGuesses(events: readonly Event[], starts: LineStarts, guessed: ReadonlySet<number>): number[] {
  const wrong: number[] = [];
  const open: boolean[] = [];
  let depth = 0;
  for (const event of guessed.size === 0 ? [] : events) {
    if (event.type === EVENT_ID.POP) {
      if (open.pop() === true) depth -= 1;
    } else if (event.type === EVENT_ID.SCALAR) {
      if (depth === 0) for (const line of linesOf(event, starts)) if (guessed.has(line)) wrong.push(line);
    } else if (event.type !== EVENT_ID.ALIAS) {
      const isFlow = event.type !== EVENT_ID.DOCUMENT && event.style === COLLECTION_STYLE.FLOW;
      open.push(isFlow);
      if (isFlow) depth += 1;
    }
  }
  return wrong;
}

function* linesOf({ valueStart, valueEnd, style }: ScalarEvent, starts: LineStarts): Generator<number> {
  if (valueStart < 0) return;
  const first = lineAt(starts, valueStart);
  yield first;
  // Continuation lines of quoted text may start anywhere, and their indentation is not part of it.
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return;
  for (let line = first + 1; (starts[line] ?? Infinity) < valueEnd; line += 1) yield line;
}
