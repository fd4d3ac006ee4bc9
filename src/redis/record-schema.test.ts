import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRecord } from '../ratelimit/shared/record.ts';
import { parseRecord } from './record-schema.ts';

const RECORD = newRecord({ start: 60, floor: 1, ceiling: Number.MAX_SAFE_INTEGER });

describe('src/redis/record-schema.ts', () => {
  it('returns the record that a process wrote', () => {
    expect(parseRecord(JSON.stringify(RECORD))).toEqual(JSON.parse(JSON.stringify(RECORD)));
  });

  it.each(Object.keys(RECORD))('rejects a record whose %s is missing or of another type', (key) => {
    const { [key as 'sent']: _, ...without } = RECORD;
    expect(parseRecord(JSON.stringify(without))).toBeUndefined();
    for (const other of ['1', null, []])
      expect(parseRecord(JSON.stringify({ ...RECORD, [key]: other }))).toBeUndefined();
  });

  it('rejects any other text without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseRecord(text)).toBeUndefined();
      }),
    );
  });
});
