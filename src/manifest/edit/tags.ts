import { indexFor, TEXT_ORDERS } from './order.ts';
import { afterLine, columnOf, indentBefore, lineEndOf, lineStart, type Insertion } from './lines.ts';
import type { Placed, PlacedCollection, PlacedScalar } from './layout.ts';
import { quoted } from './style.ts';

/** Returns where and how to add a tag to a list; undefined if the list cannot be extended in place. */
export function tagInsertion(text: string, list: Placed, tag: string): Insertion | undefined {
  if (list.kind !== 'sequence') return undefined;
  const items = list.items.filter((item) => item.kind === 'scalar');
  if (items.length < list.items.length) return undefined;
  const written = quoted(tag, items[0]?.quote ?? '"');
  const index = indexFor(
    items.map((item) => item.text),
    tag,
    TEXT_ORDERS,
  );
  if (!list.isFlow) return inBlock(text, list, items, { written, index });
  if (items.length === 0) return { at: list.start + 1, text: written };
  return onOwnLine(text, list, items, { written, index }) ?? inLine(text, items, { written, index });
}

type Added = { readonly written: string; readonly index: number };

function inBlock(
  text: string,
  { start }: PlacedCollection,
  items: readonly PlacedScalar[],
  { written, index }: Added,
): Insertion | undefined {
  const [first] = items;
  if (first === undefined) return undefined;
  const line = `${' '.repeat(columnOf(text, start))}-${text.slice(start + 1, first.start)}${written}${lineEndOf(text)}`;
  const before = items[index - 1];
  const at = before === undefined ? lineStart(text, start) : afterLine(text, before.end);
  if (at !== undefined) return { at, text: line };
  // the last line has no end: a line after it would change it
  const last = items.at(-2);
  return { at: (last && afterLine(text, last.end)) ?? lineStart(text, start), text: line };
}

/** In a list of several lines, adds a line without changing another. */
function onOwnLine(
  text: string,
  { end }: PlacedCollection,
  items: readonly PlacedScalar[],
  { written, index }: Added,
): Insertion | undefined {
  const line = (indent: string): string => `${indent}${written},${lineEndOf(text)}`;
  const last = items.at(-1);
  const after = last && text.slice(last.end, end - 1);
  if (index === items.length && last !== undefined && after?.trimStart().startsWith(',')) {
    const [indent, at] = [indentBefore(text, last.start), afterLine(text, last.end)];
    if (indent !== undefined && at !== undefined && at < end) return { at, text: line(indent) };
  }
  const place = items.slice(0, index + 1).findLast((item) => indentBefore(text, item.start) !== undefined);
  return place && { at: lineStart(text, place.start), text: line(indentBefore(text, place.start) ?? '') };
}

function inLine(text: string, items: readonly PlacedScalar[], { written, index }: Added): Insertion | undefined {
  const [first, second] = items;
  const between = first && second && text.slice(first.end, second.start);
  const separator = between !== undefined && /^, *$/.test(between) ? between : ', ';
  const next = items[index];
  if (next !== undefined) return { at: next.start, text: `${written}${separator}` };
  const last = items.at(-1);
  return last && { at: last.end, text: `${separator}${written}` };
}
