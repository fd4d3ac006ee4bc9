import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestOf, nearOf } from './nearest.ts';

describe('src/text/nearest.ts', () => {
  it.each([
    ['confrim', 'confirm'],
    ['confirmm', 'confirm'],
    ['Confirm', 'confirm'],
    ['cnfirm', 'confirm'],
    ['thread', 'threads'],
    ['manifest-dir', undefined],
    ['threadless', undefined],
    ['sed', undefined],
  ])('reads %j as a misspelling of %j', (word, name) => {
    expect(nearestOf(word, ['threads', 'confirm', 'manifests', 'sign'])).toBe(name);
  });

  it('returns all candidates, the nearest first', () => {
    expect(nearOf('levl', ['mode', 'levels', 'level'])).toEqual(['level', 'levels']);
  });

  it('returns nothing without candidates', () => {
    expect(nearestOf('confirm', [])).toBeUndefined();
  });

  it('allows more errors if requested, but never half of a word', () => {
    expect([nearestOf('guestbok-staing', ['guestbook-staging'], 5), nearestOf('ab', ['cd'], 5)]).toEqual([
      'guestbook-staging',
      undefined,
    ]);
  });

  it('finds any word with one error', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z-]{3,12}$/), fc.nat(), fc.stringMatching(/^[a-z]$/), (word, seed, letter) => {
        const at = seed % word.length;
        for (const typed of [word.slice(0, at) + word.slice(at + 1), word.slice(0, at) + letter + word.slice(at)]) {
          expect(nearestOf(typed, [word])).toBe(word);
        }
      }),
    );
  });
});
