import { COLLECTION_STYLE, EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml';
import { parseTolerant } from '../../yaml/flow-indent.ts';
import { lineAt, lineStarts } from '../../yaml/source-text.ts';

/** A YAML node with its extent in the text: from `start` up to, not including, `end`. */
export type Placed = PlacedScalar | PlacedCollection | { readonly kind: 'alias'; readonly start: number; end: number };

export type PlacedScalar = {
  readonly kind: 'scalar';
  /** For an empty value both are the end of what precedes it. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly quote: '"' | "'" | '' | 'block';
};

export type PlacedCollection = {
  readonly kind: 'sequence' | 'mapping';
  readonly start: number;
  end: number;
  readonly isFlow: boolean;
  /** For a mapping: key, value, key, value. */
  readonly items: Placed[];
};

/** Returns the root of a valid YAML text; undefined for a text without a document. */
export function layoutOf(text: string): Placed | undefined {
  const parsed = parseTolerant(text);
  if ('reason' in parsed) return undefined;
  const original = originalOffsets(parsed.text, parsed.padding);
  const root: Placed[] = [];
  const open: (PlacedCollection | undefined)[] = [];
  let last = 0;
  for (const event of parsed.events) {
    if (event.type === EVENT_ID.POP) {
      const closed = open.pop();
      if (closed === undefined) continue;
      closed.end = closed.isFlow ? closingBracket(text, Math.max(last, closed.start + 1)) : last;
      last = closed.end;
      continue;
    }
    const node = placed(event, parsed.text, last, original);
    if (node !== undefined) (open.at(-1)?.items ?? root).push(node);
    if (node === undefined || node.kind === 'sequence' || node.kind === 'mapping') open.push(node);
    if (node !== undefined) last = node.kind === 'scalar' || node.kind === 'alias' ? node.end : node.start;
  }
  return root[0];
}

function placed(
  event: Exclude<Event, { type: typeof EVENT_ID.POP }>,
  text: string,
  last: number,
  original: (offset: number) => number,
): Placed | undefined {
  if (event.type === EVENT_ID.DOCUMENT) return undefined;
  if (event.type === EVENT_ID.ALIAS)
    return { kind: 'alias', start: original(event.anchorStart - 1), end: original(event.anchorEnd) };
  if (event.type === EVENT_ID.SCALAR) {
    if (event.valueStart < 0) return { kind: 'scalar', start: last, end: last, text: '', quote: '' };
    const quote = QUOTES[event.style];
    const mark = quote === '"' || quote === "'" ? 1 : 0;
    const [start, end] = [original(event.valueStart) - mark, original(event.valueEnd) + mark];
    return { kind: 'scalar', start, end, text: getScalarValue(text, event), quote };
  }
  const start = original(event.start);
  const kind = event.type === EVENT_ID.MAPPING ? 'mapping' : 'sequence';
  return { kind, start, end: start, isFlow: event.style === COLLECTION_STYLE.FLOW, items: [] };
}

const QUOTES = {
  [SCALAR_STYLE.PLAIN]: '',
  [SCALAR_STYLE.SINGLE_QUOTED]: "'",
  [SCALAR_STYLE.DOUBLE_QUOTED]: '"',
  [SCALAR_STYLE.LITERAL_BLOCK]: 'block',
  [SCALAR_STYLE.FOLDED_BLOCK]: 'block',
} as const;

/** Converts offsets of a text with padded lines to those of the original. */
function originalOffsets(text: string, padding: ReadonlyMap<number, number>): (offset: number) => number {
  if (padding.size === 0) return (offset) => offset;
  const starts = lineStarts(text);
  let sum = 0;
  const before = Array.from(starts, (_, line) => (sum += padding.get(line) ?? 0));
  return (offset) => offset - (before[lineAt(starts, offset)] ?? 0);
}

/** Returns the offset after the bracket that closes a flow collection; only spaces, separators and comments precede it. */
function closingBracket(text: string, from: number): number {
  const between = /(?:[\s,:]|#.*)*/y;
  between.lastIndex = from;
  between.exec(text);
  return Math.max(between.lastIndex, from) + 1;
}
