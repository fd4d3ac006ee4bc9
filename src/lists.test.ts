import { describe, expect, it } from 'vitest';
import { addAll, largest, smallest } from './lists.ts';

const MANY = Array.from({ length: 1_000_000 }, (_, index) => index);

describe('src/lists.ts', () => {
  it('accepts lists of any length', () => {
    const list = [-1];
    addAll(list, MANY);
    expect([list.length, list[0], list.at(-1)]).toEqual([1_000_001, -1, 999_999]);
    expect([largest(MANY), smallest(MANY)]).toEqual([999_999, 0]);
  });

  it('returns the same as Math for an empty list', () => {
    expect([largest([]), smallest([])]).toEqual([Math.max(), Math.min()]);
    expect([largest([1, Number.NaN, 2]), smallest([3, 1, 2])]).toEqual([2, 1]);
  });
});
