import { describe, expect, it } from 'vitest';
import { parseDuration } from './go-duration.ts';

describe('src/text/go-duration.ts', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['2.h', 7_200_000],
    ['-2ms', -2],
    ['3us', 0.003],
    ['3µs', 0.003],
    ['10', undefined],
    ['', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['1 s', undefined],
    ['2562048h', undefined],
  ])('reads the duration %j as %j ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});
