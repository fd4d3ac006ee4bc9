import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explanations } from './explanations.ts';

describe('src/report/explanations.ts', () => {
  it('explains every error code, in text without links', () => {
    const source = readFileSync(new URL('../errors.ts', import.meta.url), 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code ?? '');
    const all = explanations();
    expect(codes.length).toBeGreaterThan(30);
    expect(codes.filter((code) => !all.some((one) => one.codes.includes(code)))).toEqual([]);
    expect(all.filter(({ happened, remedy }) => /\]\(|^$/.test(happened) || /\]\(|^$/.test(remedy))).toEqual([]);
  });
});
