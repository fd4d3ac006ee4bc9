import { describe, expect, it } from 'vitest';
import { keptLists } from './kept-lists.ts';

describe('src/registry/listing/kept-lists.ts', () => {
  it('throws if the lists of one host are too large, and does not affect others', () => {
    const kept = keptLists(10);
    kept.keep('one.example/a', 6);
    expect(() => kept.keep('one.example/b', 5)).toThrow(
      /with one.example\/b, the lists of one.example exceed the limit/,
    );
    kept.keep('two.example/a', 10);
    kept.keep('one.example/c', 4);
  });

  it('does not count released entries', () => {
    const kept = keptLists(10);
    kept.keep('one.example/a', 6)();
    expect(() => kept.keep('one.example/b', 10)).not.toThrow();
  });
});
