import { describe, expect, it } from 'vitest';
import { durationText } from './duration.ts';

describe('src/pipeline/duration.ts', () => {
  it.each([
    [0, '0ms'],
    [349.6, '350ms'],
    [999, '999ms'],
    [999.6, '1s'],
    [1_000, '1s'],
    [1_240, '1.2s'],
    [59_940, '59.9s'],
    [59_960, '1m0s'],
    [123_400, '2m3.4s'],
    [3_600_000, '1h0m0s'],
    [7_384_500, '2h3m4.5s'],
    [3_599_960, '1h0m0s'],
  ])('prints %d ms as %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
