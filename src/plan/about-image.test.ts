import { describe, expect, it } from 'vitest';
import { candidate, numbered } from '../../test/support/promotion/promoted.ts';
import { aboutImage, refsOn } from './about-image.ts';

describe('src/plan/about-image.ts', () => {
  it('returns the entry and the references of an image', () => {
    const { wanted } = candidate(1);
    const untagged = { repository: 'c.test/app', tags: [] };
    const refs = refsOn(wanted, [{ repository: 'b.test/app', tags: ['v1', 'v2'] }, untagged]);
    expect(aboutImage(wanted, refs)).toEqual({
      at: { file: 'images.yaml', line: 3, column: 5 },
      image: 'app',
      digest: numbered(1),
      source: `a.test/app@${numbered(1)}`,
      refs: ['b.test/app:v1', 'b.test/app:v2', `c.test/app@${numbered(1)}`],
    });
  });
});
