import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InventoryEntries } from './entry.ts';
import { inventoryFile, readInventoryFile } from './file.ts';

const DIGEST = 'a'.repeat(43);
const ENTRIES: InventoryEntries = new Map([
  ['a.test/app', { at: 1_767_268_800_000, listed: DIGEST, satisfied: 'b'.repeat(43) }],
  ['b.test/app', { at: 1, listed: undefined, satisfied: undefined }],
]);
const file = (): Buffer => Buffer.from(inventoryFile(ENTRIES, 'scope'));
const changed = (from: string | RegExp, to: string): Buffer => Buffer.from(file().toString().replace(from, to));

describe('src/plan/believed/file.ts', () => {
  it('returns the entries that were written', () => {
    expect(readInventoryFile(file(), 'scope')).toEqual(ENTRIES);
  });

  it.each([
    ['is empty', Buffer.from(''), /not JSON/],
    ['is truncated', file().subarray(0, 100), /not JSON/],
    ['is not text', Buffer.from([0xff, 0xfe, 0]), /not JSON/],
    ['has another shape', Buffer.from('{"version":1,"entries":{}}'), /damaged, or of another version/],
    ['is a list', Buffer.from('[]'), /damaged, or of another version/],
    ['has another version', changed('"version":1', '"version":2'), /damaged, or of another version/],
    ['has another key', changed('"version":1', '"version":1,"more":1'), /damaged, or of another version/],
    ['has a time in text', changed('1767268800000', '"1767268800000"'), /an entry is invalid/],
    ['has a negative time', changed('1767268800000', '-1'), /an entry is invalid/],
    ['has a digest of another form', changed(DIGEST, 'sha256:1'), /an entry is invalid/],
    [
      'has a million wrong entries',
      changed(/"entries":\[.*\],"sum/, `"entries":[${'1,'.repeat(1e6)}1],"sum`),
      /an entry/,
    ],
    [
      'is nested deeply',
      changed(/"entries":\[.*\],"sum/, `"entries":${'['.repeat(1e5)}${']'.repeat(1e5)},"sum`),
      /an entry/,
    ],
    ['has another time', changed('1767268800000', '1767268900000'), /checksum/],
    ['lacks an entry', changed(/,\["b\.test[^\]]*\]/, ''), /checksum/],
  ])('rejects a file that %s', (_, bytes, reason) => {
    expect(readInventoryFile(bytes, 'scope')).toMatch(reason);
  });

  it('rejects a file of another scope', () => {
    expect(readInventoryFile(file(), 'other')).toMatch(/another registry configuration/);
  });

  it('never returns other entries for a file in which bytes were changed', () => {
    const whole = file();
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const bytes = Buffer.from(whole);
        bytes[at] = byte;
        const read = readInventoryFile(bytes, 'scope');
        return typeof read === 'string' || isDeepStrictEqual(read, ENTRIES);
      }),
    );
    expect(readInventoryFile(whole, 'scope')).toEqual(ENTRIES);
  });
});
