import { load } from 'js-yaml';
import type { Placed, PlacedCollection, PlacedScalar } from './layout.ts';
import { columnOf } from './lines.ts';

/** How a file writes the digest of an image and its tags. */
export type EntryStyle = {
  readonly digestQuote: PlacedScalar['quote'];
  /** Between a digest and its list: `: ` with the spaces of the file. */
  readonly colon: string;
  readonly tagQuote: PlacedScalar['quote'];
  readonly list: FlowStyle | BlockStyle;
};

type FlowStyle = { readonly open: string; readonly separator: string; readonly close: string };

/** One tag a line; `indent` counts from the column of the digest, `gap` stands between "-" and tag. */
type BlockStyle = { readonly indent: number; readonly gap: string };

/** The style of Kubernetes' tree. */
export const USUAL_STYLE: EntryStyle = {
  digestQuote: '"',
  colon: ': ',
  tagQuote: '"',
  list: { open: '[', separator: ', ', close: ']' },
};

/** Returns the style of an entry; undefined if it is written in a way that cannot be continued. */
export function styleOf(text: string, key: Placed, value: Placed): EntryStyle | undefined {
  if (key.kind !== 'scalar' || value.kind !== 'sequence') return undefined;
  const [first, second] = value.items;
  const { isFlow, start } = value;
  const tagQuote = first?.kind === 'scalar' ? first.quote : '"';
  if (!isFlow) {
    if (first === undefined) return undefined;
    const indent = columnOf(text, start) - columnOf(text, key.start);
    return { digestQuote: key.quote, colon: ':', tagQuote, list: { indent, gap: text.slice(start + 1, first.start) } };
  }
  const colon = text.slice(key.end, start);
  if (!/^: *$/.test(colon)) return undefined;
  const written = text.slice(start, value.end);
  const separator = first && second && text.slice(first.end, second.start);
  const [open, close] = [/^\[ */.exec(written)?.[0], / *\]$/.exec(written)?.[0]];
  return {
    digestQuote: key.quote,
    colon,
    tagQuote,
    list: {
      open: open ?? '[',
      separator: separator !== undefined && /^, *$/.test(separator) ? separator : ', ',
      close: first === undefined || close === undefined ? ']' : close,
    },
  };
}

/** Writes an entry whose first line is indented already; without a line end. */
export function entryText(
  { digest, tags }: { readonly digest: string; readonly tags: readonly string[] },
  { digestQuote, colon, tagQuote, list }: EntryStyle,
  { column, lineEnd }: { readonly column: number; readonly lineEnd: string },
): string {
  const key = quoted(digest, digestQuote);
  const written = tags.map((tag) => quoted(tag, tagQuote));
  if (tags.length === 0) return `${key}: []`;
  if ('open' in list) return `${key}${colon}${list.open}${written.join(list.separator)}${list.close}`;
  const dash = `${lineEnd}${' '.repeat(column + list.indent)}-${list.gap}`;
  return `${key}:${written.map((tag) => `${dash}${tag}`).join('')}`;
}

/** Writes a text in the quotes of its neighbours; in double quotes if a reader might take it for something else. */
export function quoted(text: string, quote: PlacedScalar['quote']): string {
  if (quote === "'" && !text.includes("'")) return `'${text}'`;
  if (quote === '' && isPlainText(text)) return text;
  return JSON.stringify(text);
}

// what YAML 1.1 takes for a boolean, a date or a number, and js-yaml for a text
const OTHER_READING = /^(?:y|n|yes|no|on|off|[\d_:-]+)$/i;

function isPlainText(text: string): boolean {
  return /^\w[\w.:/+-]*$/.test(text) && !OTHER_READING.test(text) && load(text) === text;
}

/** The pairs of a mapping. */
export function entriesOf({ items }: PlacedCollection): [key: Placed, value: Placed][] {
  return items.flatMap((key, index): [Placed, Placed][] => {
    const value = items[index + 1];
    return index % 2 === 1 || value === undefined ? [] : [[key, value]];
  });
}
