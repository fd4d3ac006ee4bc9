import { digestInsertion, endOf, valueOf, type Entry } from './digests.ts';
import { byCharacter, indexFor } from './order.ts';
import { afterLine, columnOf, lineEndOf, lineStart, type Insertion } from './lines.ts';
import type { Placed, PlacedCollection, PlacedScalar } from './layout.ts';
import { entriesOf, entryText, quoted, styleOf, USUAL_STYLE } from './style.ts';
import { tagInsertion } from './tags.ts';

/** Tags of one digest of an image, to be added to a list of images. */
export type Addition = Entry & { readonly name: string };

type Item = {
  readonly node: PlacedCollection;
  readonly name: PlacedScalar | undefined;
  readonly dmap: Placed | undefined;
};

/**
 * Returns where and how to add to a list of images: to the list of tags of the digest, to the digests of the image, or a
 * new image. The digest's own place wins; what cannot be extended in place gets another entry of the same name.
 */
export function imageInsertion(text: string, list: PlacedCollection, addition: Addition): Insertion | undefined {
  const items = list.items.flatMap((node): Item[] => (node.kind === 'mapping' ? [itemOf(node)] : []));
  const named = items.filter(({ name }) => name?.text === addition.name);
  for (const { dmap } of named) {
    const tags = dmap?.kind === 'mapping' ? valueOf(dmap, addition.digest)?.[1] : undefined;
    const [tag, ...more] = addition.tags;
    if (tags === undefined || tag === undefined || more.length > 0) continue;
    const found = tagInsertion(text, tags, tag);
    if (found !== undefined) return found;
  }
  const isThere = named.some(({ dmap }) => dmap?.kind === 'mapping' && valueOf(dmap, addition.digest) !== undefined);
  const others = items.flatMap(({ dmap }) => (dmap?.kind === 'mapping' ? [dmap] : []));
  for (const { node, dmap } of isThere ? [] : named.toReversed()) {
    const rest = others.filter((other) => other !== dmap);
    const found = dmap && (digestInsertion(text, dmap, addition, rest) ?? firstDigest(text, node, dmap, addition));
    if (found !== undefined) return found;
  }
  return list.isFlow ? flowItem(list, addition) : blockItem(text, list, items, addition);
}

/** Returns a first image, in the style of Kubernetes' tree; without a line end. */
export function newImage({ name, ...entry }: Addition, lineEnd: string): string {
  return [
    `- name: ${quoted(name, '')}`,
    '  dmap:',
    `    ${entryText(entry, USUAL_STYLE, { column: 4, lineEnd })}`,
  ].join(lineEnd);
}

function itemOf(node: PlacedCollection): Item {
  const name = valueOf(node, 'name')?.[1];
  return { node, name: name?.kind === 'scalar' ? name : undefined, dmap: valueOf(node, 'dmap')?.[1] };
}

/** Fills a `dmap` that holds nothing yet. */
function firstDigest(text: string, item: PlacedCollection, dmap: Placed, addition: Addition): Insertion | undefined {
  const isEmpty = dmap.kind === 'scalar' && dmap.text === '' && dmap.quote === '';
  const entry = valueOf(item, 'dmap');
  if (!isEmpty || entry === undefined || item.isFlow) return undefined;
  const column = columnOf(text, entry[0].start) + 2;
  const lineEnd = lineEndOf(text);
  const line = `${' '.repeat(column)}${entryText(addition, USUAL_STYLE, { column, lineEnd })}`;
  const end = endOf(text, entry);
  const at = afterLine(text, end);
  return at === undefined ? { at: text.length, text: `${lineEnd}${line}` } : { at, text: `${line}${lineEnd}` };
}

function flowItem({ start, items }: PlacedCollection, { name, ...entry }: Addition): Insertion {
  const written = `{name: ${quoted(name, '')}, dmap: {${entryText(entry, USUAL_STYLE, { column: 0, lineEnd: '' })}}}`;
  const last = items.at(-1);
  return last === undefined ? { at: start + 1, text: written } : { at: last.end, text: `, ${written}` };
}

function blockItem(
  text: string,
  list: PlacedCollection,
  items: readonly Item[],
  addition: Addition,
): Insertion | undefined {
  if (items.length < list.items.length) return undefined;
  const names = items.map(({ name }) => name?.text ?? '');
  const index = indexFor(names, addition.name, [byCharacter]);
  const near = items[Math.min(index, items.length - 1)];
  if (near === undefined) return undefined;
  const lineEnd = lineEndOf(text);
  const block = itemText(text, list, near, addition, lineEnd);
  const gap = hasGaps(text, items) ? lineEnd : '';
  const after = (count: number): Insertion | undefined => {
    const before = items[count - 1];
    if (before === undefined) return { at: firstPlace(text, items), text: `${block}${lineEnd}${gap}` };
    const at = afterLine(text, before.node.end);
    return at === undefined ? undefined : { at, text: `${gap}${block}${lineEnd}` };
  };
  // the last line may have no end: a line after it would change it
  return after(index) ?? after(items.length - 1);
}

/** Returns the text of a new image, written as `near` is; without its line end. */
function itemText(
  text: string,
  list: PlacedCollection,
  near: Item,
  { name, ...entry }: Addition,
  lineEnd: string,
): string {
  const dash = columnOf(text, list.start);
  const between = text.slice(list.start + 1, list.items[0]?.start);
  const gap = /^ +$/.test(between) ? between : ' ';
  const keys = dash + 1 + gap.length;
  const known = near.dmap?.kind === 'mapping' && !near.dmap.isFlow ? entriesOf(near.dmap)[0] : undefined;
  const column = known === undefined ? keys + 2 : columnOf(text, known[0].start);
  const style = (known && styleOf(text, ...known)) ?? USUAL_STYLE;
  return [
    `${' '.repeat(dash)}-${gap}name: ${quoted(name, near.name?.quote ?? '')}`,
    `${' '.repeat(keys)}dmap:`,
    `${' '.repeat(column)}${entryText(entry, style, { column, lineEnd })}`,
  ].join(lineEnd);
}

/** True if most images are separated by an empty line. */
function hasGaps(text: string, items: readonly Item[]): boolean {
  const gaps = items.slice(1).filter(({ node }, index) => {
    const between = text.slice(items[index]?.node.end, node.start);
    return /(?:\r?\n|\r)[ \t]*(?:\r?\n|\r)/.test(between);
  });
  return gaps.length * 2 > items.length - 1 && gaps.length > 0;
}

/** Before the first image and the comment above it, but below the comment that opens the file. */
function firstPlace(text: string, items: readonly Item[]): number {
  const start = lineStart(text, items[0]?.node.start ?? 0);
  let place = start;
  while (place > 0) {
    const above = lineStart(text, place - 1 - (text[place - 2] === '\r' ? 1 : 0));
    const line = text.slice(above, place).trim();
    if (line === '') return place;
    if (!line.startsWith('#')) return start;
    place = above;
  }
  return start;
}
