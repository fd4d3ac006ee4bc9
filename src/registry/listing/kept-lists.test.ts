import { describe, expect, it } from 'vitest';
import { keptLists } from './kept-lists.ts';

describe('src/registry/listing/kept-lists.ts', () => {
  it('refuses what is too much of one host, and nothing of others', () => {
    const kept = keptLists(10);
    kept.keep('one.example/a', 6);
    expect(() => kept.keep('one.example/b', 5)).toThrow(/with one.example\/b the lists of one.example have more than/);
    kept.keep('two.example/a', 10);
    kept.keep('one.example/c', 4);
  });

  it('counts no longer what was given back', () => {
    const kept = keptLists(10);
    kept.keep('one.example/a', 6)();
    expect(() => kept.keep('one.example/b', 10)).not.toThrow();
  });
});
