import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonEntries, type Shape } from './json-entries.ts';

/** What a document of this shape holds, read in chunks of these sizes in turn; why it is refused, if it is. */
function read(shape: Shape, text: string, sizes: readonly number[] = [text.length || 1]): unknown {
  const found: { entries: unknown[]; fields: unknown[] } = { entries: [], fields: [] };
  const bytes = Buffer.from(text);
  const reader = jsonEntries(shape, {
    begin: () => undefined,
    entry: (key, value, name) => void found.entries.push([key, name, value]),
    field: (key, value) => void found.fields.push([key, value]),
    refuse: (what) => {
      throw new Error(what);
    },
  });
  try {
    for (let [at, nth] = [0, 0]; at < bytes.length; nth += 1) {
      const size = sizes[nth % sizes.length] ?? 1;
      reader.push(bytes.subarray(at, at + size));
      at += size;
    }
    reader.end();
  } catch (error) {
    return (error as Error).message;
  }
  return found;
}

const TAGS = { tags: 'list', manifest: 'map' } as const;

/** Space that makes a document too long to be parsed as a whole. */
const LONG = ' '.repeat(64 * 1024 + 1);

/** The same by a parser that reads the whole document first. */
function expected(value: Readonly<Record<string, unknown>>): unknown {
  const entries: unknown[] = [];
  const fields: unknown[] = [];
  for (const [key, held] of Object.entries(value)) {
    const isMap = typeof held === 'object' && held !== null && !Array.isArray(held);
    if (key === 'tags' && Array.isArray(held)) for (const one of held) entries.push([key, '', one]);
    else if (key === 'manifest' && isMap)
      for (const [name, one] of Object.entries(held)) entries.push([key, name, one]);
    else fields.push([key, held]);
  }
  return { entries, fields };
}

/**
 * A document that JSON text gives back as it is: without negative zeros, and without a key that objects treat apart.
 */
const document = fc
  .dictionary(fc.constantFrom('tags', 'manifest', 'name', 'child', 'a"b\\'), fc.jsonValue({ maxDepth: 3 }))
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('src/registry/listing/json-entries.ts', () => {
  it('finds the same entries as JSON.parse, however the document is split', () => {
    fc.assert(
      fc.property(
        document,
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (value, isPretty, sizes) => {
          const text = JSON.stringify(value, undefined, isPretty ? 2 : undefined);
          expect(read(TAGS, text, sizes)).toEqual(expected(value));
          expect(read(TAGS, LONG + text, [LONG.length, ...sizes])).toEqual(expected(value));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('rejects what JSON.parse rejects', () => {
    const spoilt = fc.tuple(document, fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', 'x', '\\'));
    const accepted = fc.sample(spoilt, { seed: 2, numRuns: 1_000 }).filter(([value, at, spoil]) => {
      const text = JSON.stringify(value);
      const cut = at % text.length;
      const other = `${text.slice(0, cut)}${spoil}${text.slice(cut + 1)}`;
      const isAccepted = (whole: string, start = 3): boolean => typeof read(TAGS, whole, [start, 3]) !== 'string';
      return !isJson(other) && (isAccepted(other) || isAccepted(LONG + other, LONG.length));
    });
    expect(accepted).toEqual([]);
  });

  it.each([
    ['{"tags":["a"]} x', 'is not JSON'],
    ['{"tags":["a",]}', 'is not JSON'],
    ['{"tags":["a"],}', 'is not JSON'],
    ['{"tags":[', 'is not JSON'],
    ['', 'is not JSON'],
    ['["a"]', 'is not a JSON object'],
    ['{"tags":["a"],"tags":["b"]}', 'has "tags" twice'],
    ['{"tags":["a"],"t\\u0061gs":["b"]}', 'has "tags" twice'],
    ['{"tags":[1}', 'is not JSON'],
    ['{"x":[1}', 'is not JSON'],
  ])('rejects %s', (text, why) => {
    expect(read(TAGS, text)).toBe(why);
  });

  it('reads a document that is a list', () => {
    expect(read('list', '[{"a":1}, 2]', [1])).toEqual({
      entries: [
        ['', '', { a: 1 }],
        ['', '', 2],
      ],
      fields: [],
    });
    expect(read('list', '[]')).toEqual({ entries: [], fields: [] });
    expect(read('list', '{}')).toBe('is not a JSON list');
  });

  it('does not keep an excessively large value', () => {
    expect(read(TAGS, `{"tags":["${'a'.repeat(1024 * 1024)}"]}`, [65_536])).toMatch(/more than 1048576 bytes/);
    expect(read(TAGS, `{"other":${'['.repeat(2 * 1024 * 1024)}`, [65_536])).toMatch(/more than 1048576 bytes/);
  });

  it('reads lists and objects that are longer than what is parsed together', () => {
    const names = Array.from({ length: 20_000 }, (_, nth) => `v${nth}`);
    const value = { tags: names, manifest: Object.fromEntries(names.map((name) => [name, { tag: [name] }])) };
    expect(read(TAGS, JSON.stringify(value), [10_000, 7])).toEqual(expected(value));
  });

  it.each([
    ['a comma at the end of many entries', (tags: string) => `{"tags":[${tags},]}`],
    ['two commas after many entries', (tags: string) => `{"tags":[${tags},,"x"]}`],
    ['the wrong end of many entries', (tags: string) => `{"tags":[${tags}}}`],
    ['many entries without an end', (tags: string) => `{"tags":[${tags},`],
  ])('rejects %s', (_what, whole) => {
    const tags = Array.from({ length: 10_000 }, (_, nth) => `"v${nth}"`).join(',');
    // Up to the very byte at which a comma ends what is parsed together.
    for (const cut of [0, 1, 2, 3]) {
      const most = tags.slice(0, tags.indexOf(',', 64 * 1024 - cut));
      expect(read(TAGS, whole(most), [1_000])).toBe('is not JSON');
    }
  });
});
