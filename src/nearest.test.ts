import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSlip, nearest } from './nearest.ts';

describe('src/nearest.ts', () => {
  it.each([
    ['confrim', 'confirm', 1],
    ['confirmm', 'confirm', 1],
    ['Confirm', 'confirm', 0],
    ['cnfirm', 'confirm', 1],
    ['thread', 'threads', 1],
    ['manifest-dir', 'manifests', 4],
  ])('finds %j nearest to %j', (word, name, distance) => {
    expect(nearest(word, ['threads', 'confirm', 'manifests'])).toEqual({ name, distance });
  });

  it('finds nothing where there is nothing', () => {
    expect(nearest('confirm', [])).toBeUndefined();
  });

  it('takes two errors for a slip, but not a whole short word', () => {
    expect([isSlip('confirm', 2), isSlip('confirm', 3), isSlip('thin-manifests', 4), isSlip('ab', 2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('finds any word one error away from itself', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z-]{3,12}$/), fc.nat(), fc.stringMatching(/^[a-z]$/), (word, seed, letter) => {
        const at = seed % word.length;
        for (const typed of [word.slice(0, at) + word.slice(at + 1), word.slice(0, at) + letter + word.slice(at)]) {
          expect(nearest(typed, [word])?.distance).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
