import type { Digest } from '../../image/digest.ts';
import { indexFor, TEXT_ORDERS, byCharacter, type Order } from './order.ts';
import { afterLine, columnOf, indentBefore, lineEndOf, lineStart, type Insertion } from './lines.ts';
import type { Placed, PlacedCollection, PlacedScalar } from './layout.ts';
import { entriesOf, entryText, styleOf, USUAL_STYLE, type EntryStyle } from './style.ts';

/** A digest and its tags, to be added to an image. */
export type Entry = { readonly digest: Digest; readonly tags: readonly string[] };

/** Returns where and how to add a digest to a `dmap`; undefined if it cannot be extended in place. `others` decide the order. */
export function digestInsertion(
  text: string,
  dmap: Placed,
  entry: Entry,
  others: readonly PlacedCollection[],
): Insertion | undefined {
  if (dmap.kind !== 'mapping') return undefined;
  const entries = entriesOf(dmap);
  const known = entries.map(([key, value]) => sortable(key, value));
  const lists = others.map((other) => entriesOf(other).map(([key, value]) => sortable(key, value)));
  const index = indexFor(known, { digest: entry.digest, tag: entry.tags[0] ?? '' }, ORDERS, lists, LEAST);
  const near = entries[Math.min(index, entries.length - 1)];
  const style =
    (near && styleOf(text, ...near)) ?? entries.map((one) => styleOf(text, ...one)).find(Boolean) ?? USUAL_STYLE;
  return dmap.isFlow
    ? inFlow(text, dmap, { entries, index }, entryText(entry, flowOf(style), { column: 0, lineEnd: '' }))
    : inBlock(text, entries, { entry, index, style });
}

/** One entry is sorted by its tag as well as by its digest. */
const LEAST = 2;

type Sortable = { readonly digest: string; readonly tag: string };

const ORDERS: readonly Order<Sortable>[] = [
  ...TEXT_ORDERS.map(
    (order): Order<Sortable> =>
      (a, b) =>
        order(a.tag, b.tag),
  ),
  (a, b) => byCharacter(a.digest, b.digest),
];

function sortable(key: Placed, value: Placed): Sortable {
  const first = value.kind === 'sequence' ? value.items[0] : undefined;
  return { digest: textOf(key), tag: first === undefined ? '' : textOf(first) };
}

function textOf(node: Placed): string {
  return node.kind === 'scalar' ? node.text : '';
}

/** A block list cannot stand in a flow mapping. */
function flowOf(style: EntryStyle): EntryStyle {
  return 'open' in style.list ? style : { ...style, colon: ': ', list: USUAL_STYLE.list };
}

type Place = { readonly entries: readonly [key: Placed, value: Placed][]; readonly index: number };

function inFlow(text: string, dmap: PlacedCollection, { entries, index }: Place, written: string): Insertion {
  const next = entries[index]?.[0];
  const last = entries.at(-1)?.[1];
  if (last === undefined) return { at: dmap.start + 1, text: written };
  const after = text.slice(last.end, dmap.end - 1).trimStart();
  const place =
    next ??
    (after.startsWith(',') ? undefined : entries.findLast(([key]) => indentBefore(text, key.start) !== undefined)?.[0]);
  const indent = place && indentBefore(text, place.start);
  if (place !== undefined && indent !== undefined)
    return { at: lineStart(text, place.start), text: `${indent}${written},${lineEndOf(text)}` };
  if (next !== undefined) return { at: next.start, text: `${written}, ` };
  return { at: last.end, text: `, ${written}` };
}

function inBlock(
  text: string,
  entries: Place['entries'],
  { entry, index, style }: { readonly entry: Entry; readonly index: number; readonly style: EntryStyle },
): Insertion | undefined {
  const first = entries[0]?.[0];
  const indent = first && indentBefore(text, first.start);
  if (first === undefined || indent === undefined) return undefined;
  const lineEnd = lineEndOf(text);
  const line = `${indent}${entryText(entry, style, { column: columnOf(text, first.start), lineEnd })}${lineEnd}`;
  const at = (count: number): number | undefined => {
    const before = entries[count - 1];
    return before === undefined ? lineStart(text, first.start) : afterLine(text, endOf(text, before));
  };
  // the last line may have no end: a line after it would change it
  const place = at(index) ?? at(entries.length - 1);
  return place === undefined ? undefined : { at: place, text: line };
}

/** Returns the end of an entry; that of an empty value is its colon. */
export function endOf(text: string, [key, value]: readonly [key: Placed, value: Placed]): number {
  return value.end > key.end ? value.end : Math.max(text.indexOf(':', key.end), key.end);
}

/** The scalar of a mapping's key. */
export function valueOf(
  mapping: PlacedCollection,
  name: string,
): readonly [key: PlacedScalar, value: Placed] | undefined {
  for (const [key, value] of entriesOf(mapping)) if (key.kind === 'scalar' && key.text === name) return [key, value];
  return undefined;
}
