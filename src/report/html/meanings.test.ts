import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeMeanings } from './meanings.ts';

describe('src/report/html/meanings.ts', () => {
  it('explains every error code, in plain text', () => {
    const source = readFileSync(new URL('../../errors.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code ?? '');
    const meanings = codeMeanings();
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => meanings[code] === undefined)).toEqual([]);
    expect(Object.values(meanings).filter((text) => /[`[\]]/.test(text))).toEqual([]);
  });
});
