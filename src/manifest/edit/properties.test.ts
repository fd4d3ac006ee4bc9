import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseThin, type ParsedProject } from '../parse.ts';
import { addImages, type Addition } from './add-images.ts';
import { TEXT_ORDERS } from './order.ts';

const MANIFEST = Buffer.from('registries:\n- {name: s.test, src: true}\n- {name: m.test}\n');
const parse = (bytes: Uint8Array): ParsedProject =>
  parseThin('p', { file: 'manifest', bytes: MANIFEST }, { file: 'images', bytes }, undefined);
const contentOf = (text: string): Map<string, Set<string>> => {
  const content = new Map<string, Set<string>>();
  for (const image of parse(Buffer.from(text)).project?.images ?? [])
    for (const { digest, tags } of image.digests) add(content, { name: image.name, digest, tags });
  return content;
};
const add = (content: Map<string, Set<string>>, { name, digest, tags }: Addition): void => {
  const key = `${name}@${digest}`;
  content.set(key, new Set([...(content.get(key) ?? []), ...tags]));
};

const digest = fc.stringMatching(/^[0-9a-f]{3}$/).map((hex): `sha256:${string}` => `sha256:${hex}${'0'.repeat(61)}`);
const tag = fc.oneof(
  fc.stringMatching(/^v?[0-9]{1,2}\.[0-9]{1,2}(\.[0-9])?(-rc\.[0-9])?$/),
  fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,6}$/),
);
const name = fc.stringMatching(/^[a-c0-9]{1,2}(\/[a-c]{1,2})?$/);
const image = fc.record({
  name,
  dmap: fc.dictionary(digest, fc.uniqueArray(tag, { maxLength: 3 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
});

type Look = {
  readonly key: string;
  readonly quote: string;
  readonly list: 'flow' | 'spaced' | 'block' | 'lines' | 'comma';
  readonly dash: number;
  readonly indent: number;
  readonly gap: boolean;
  readonly comments: boolean;
  readonly end: '\n' | '\r\n';
  readonly last: boolean;
};
const look: fc.Arbitrary<Look> = fc.record({
  key: fc.constantFrom('', '"', "'"),
  quote: fc.constantFrom('', '"', "'"),
  list: fc.constantFrom('flow', 'spaced', 'block', 'lines', 'comma'),
  dash: fc.nat(3),
  indent: fc.integer({ min: 1, max: 4 }),
  gap: fc.boolean(),
  comments: fc.boolean(),
  end: fc.constantFrom('\n', '\r\n'),
  last: fc.boolean(),
});

const listText = (tags: readonly string[], at: number, { quote, list }: Look): string => {
  const written = tags.map((one) => `${quote}${one}${quote}`);
  const indent = ' '.repeat(at);
  if (tags.length === 0) return ' []';
  if (list === 'block') return written.map((one) => `\n${indent}- ${one}`).join('');
  if (list === 'lines') return ` [\n${written.map((one) => `${indent}  ${one}`).join(',\n')}\n${indent}]`;
  if (list === 'comma') return ` [\n${written.map((one) => `${indent}  ${one}, # why\n`).join('')}${indent}]`;
  return list === 'flow' ? ` [${written.join(', ')}]` : ` [ ${written.join(' , ')} ]`;
};
const fileText = (images: readonly { name: string; dmap: Record<string, string[]> }[], style: Look): string => {
  const { key, dash, indent, gap, comments, end, last } = style;
  const text = images
    .map((one, index) => {
      const at = dash + 2 + indent;
      const entries = Object.entries(one.dmap).map(
        ([hash, tags]) =>
          `${comments ? `${' '.repeat(at)}# ${hash.slice(7, 10)}\n` : ''}${' '.repeat(at)}${key}${hash}${key}:${listText(tags, at, style)}${comments ? ' # added' : ''}\n`,
      );
      const head = `${comments ? `# image ${index}\n` : ''}${' '.repeat(dash)}- name: "${one.name}"\n${' '.repeat(dash + 2)}dmap:\n`;
      return `${head}${entries.join('')}`;
    })
    .join(gap ? '\n' : '');
  return (last ? text : text.replace(/\n$/, '')).replaceAll('\n', end);
};

/** True if `text` is `before` with insertions. */
const isKept = (before: string, text: string): boolean => {
  let at = 0;
  return Array.from(before).every((character) => (at = text.indexOf(character, at) + 1) > 0);
};
/** True if the lines of `text` are those of `before` and others. */
const isLinesAdded = (before: string, text: string): boolean => {
  const lines = text.split('\n');
  let at = 0;
  return before.split('\n').every((line) => {
    const found = lines.indexOf(line, at);
    at = found + 1;
    return found >= 0;
  });
};
const isSorted = (texts: readonly string[]): boolean =>
  texts.every((text, index) => index === 0 || (texts[index - 1] ?? '') <= text);

const cases = (additions: fc.Arbitrary<Addition[]>) =>
  fc.tuple(fc.uniqueArray(image, { maxLength: 4, selector: (one) => one.name }), look, additions);
const addition = fc.record({ name, digest, tags: fc.uniqueArray(tag, { maxLength: 2 }) });

describe('src/manifest/edit properties', () => {
  it('gives a file that parses to the old content plus the additions, and keeps every old character', () => {
    fc.assert(
      fc.property(cases(fc.array(addition, { minLength: 1, maxLength: 4 })), ([images, style, additions]) => {
        const before = fileText(images, style);
        const result = Buffer.from(addImages({ file: 'f', bytes: Buffer.from(before), parse }, additions)).toString();
        const wanted = contentOf(before);
        for (const one of additions) add(wanted, one);
        expect(contentOf(result)).toEqual(wanted);
        expect(isKept(before, result)).toBe(true);
        // no other line ends, and nothing is added twice
        if (before.includes(style.end)) expect(result.replaceAll(style.end, '').match(/[\r\n]/)).toBeNull();
        const again = addImages({ file: 'f', bytes: Buffer.from(result), parse }, additions);
        expect(Buffer.from(again).toString()).toBe(result);
      }),
      { numRuns: 400 },
    );
  });

  it('keeps an order of the digests of an image', () => {
    const entry = fc.record({ hash: digest, tag });
    const sorted = (list: readonly { hash: string; tag: string }[]): readonly boolean[] => [
      ...TEXT_ORDERS.map((order) => list.every((one, at) => at === 0 || order(list[at - 1]?.tag ?? '', one.tag) <= 0)),
      isSorted(list.map(({ hash }) => hash)),
    ];
    const unique = { selector: (one: { hash: string }) => one.hash, minLength: 3, maxLength: 7 };
    fc.assert(
      fc.property(fc.uniqueArray(entry, unique), fc.nat(4), look, ([added, ...rest], which, style) => {
        if (added === undefined) return;
        const order = TEXT_ORDERS[which];
        const list = rest.toSorted((a, b) => (order === undefined ? (a.hash < b.hash ? -1 : 1) : order(a.tag, b.tag)));
        const dmap = Object.fromEntries(list.map((one) => [one.hash, [one.tag]]));
        const before = fileText([{ name: 'a', dmap }], { ...style, last: true });
        const held = sorted(list);
        const one = { name: 'a', digest: added.hash, tags: [added.tag] };
        const result = addImages({ file: 'f', bytes: Buffer.from(before), parse }, [one]);
        const [edited] = parse(result).project?.images ?? [];
        const after = sorted((edited?.digests ?? []).map(({ digest: hash, tags }) => ({ hash, tag: tags[0] ?? '' })));
        expect(held.some((isHeld, at) => isHeld && after[at] === true)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('adds whole lines for a new digest or image, and keeps sorted images sorted', () => {
    fc.assert(
      fc.property(cases(fc.array(addition, { minLength: 1, maxLength: 3 })), ([unsorted, style, additions]) => {
        const images = unsorted.toSorted((a, b) => (a.name < b.name ? -1 : 1));
        fc.pre(images.length > 1);
        const before = fileText(images, style);
        const known = contentOf(before);
        const fresh = additions.filter((one) => !known.has(`${one.name}@${one.digest}`));
        const distinct = fresh.filter(
          (one, index) => fresh.findIndex((other) => other.digest === one.digest && other.name === one.name) === index,
        );
        const result = Buffer.from(addImages({ file: 'f', bytes: Buffer.from(before), parse }, distinct)).toString();
        expect(isLinesAdded(before, result)).toBe(true);
        if (style.last)
          expect(isSorted([...result.matchAll(/name: "(.*?)"/g)].map(([, found = '']) => found))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});
