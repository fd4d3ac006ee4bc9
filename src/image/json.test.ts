import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exactJson, jsonIn, parseJson } from './json.ts';

const read = (text: string | Uint8Array): unknown => parseJson(Buffer.from(text));

describe('src/image/json.ts', () => {
  it('reads all output of JSON.stringify', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
      { seed: 12 },
    );
  });

  it('rejects exactly the objects with a duplicate key', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('a', '"', '\\', '\\"', ':', '{', '\u00E9'));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 6 }), (keys) => {
        const text = `[{${keys.map((one) => `${JSON.stringify(one)} : {"x":[":"]}`).join(',')}}]`;
        expect(jsonIn(Buffer.from(text)) === undefined).toBe(new Set(keys).size < keys.length);
      }),
      { seed: 12 },
    );
  });

  it.each([
    ['text that is not JSON', '{', 'is not JSON'],
    ['an empty text', '', 'is not JSON'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'is not valid UTF-8'],
    ['a byte order mark', '\uFEFF{}', 'is not JSON'],
    ['a key twice', '{"layers":1,"layers":2}', 'has the key "layers" twice in one object'],
    ['a key twice, once escaped', '{"layers":1,"l\\u0061yers":2}', 'has the key "layers" twice in one object'],
    ['a key twice, deep below', '[{"a":{"b":[{"c":1,"c":1}]}}]', 'has the key "c" twice in one object'],
    ['keys that Go treats as equal', '{"\\ud800":1,"\\ud801":2}', 'has the key "\uFFFD" twice in one object'],
    ['nesting without end', '['.repeat(201) + ']'.repeat(201), 'is nested more than 200 deep'],
  ])('rejects %s', (_, text, problem) => {
    expect(() => read(text)).toThrow(`it ${problem}`);
    expect(jsonIn(Buffer.from(text))).toBeUndefined();
  });

  it('accepts the same key in different objects, and strings that look like keys', () => {
    expect(read('{"a":{"a":1},"b":[{"a":1},{"a":"\\"a\\":"}]}')).toHaveProperty('b');
  });

  it('rejects a megabyte of nesting, quotes or backslashes without overflow', () => {
    const many = 1_000_000;
    expect(() => read('['.repeat(many) + ']'.repeat(many))).toThrow('it is nested more than 200 deep');
    expect(read(`"${'\\"'.repeat(many)}"`)).toHaveLength(many);
    expect(read(`"${'\\\\'.repeat(many)}"`)).toHaveLength(many);
  });

  it("rejects a key that differs only in case, by Go's folding", () => {
    const schema = exactJson({ mediaType: z.string().optional(), kind: z.string().optional() });
    expect(schema.safeParse({ mediaType: 'a', other: 1 }).success).toBe(true);
    for (const key of ['MediaType', 'mediatype', 'MEDIATYPE', 'Kind', '\u212Aind'])
      expect(schema.safeParse({ [key]: 'a' }).success, key).toBe(false);
  });
});
