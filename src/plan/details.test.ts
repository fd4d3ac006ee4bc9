import { describe, expect, it } from 'vitest';
import { numbered } from '../../test/support/promotion/promoted.ts';
import type { ImageSet, WantedImage } from './desired.ts';
import { detailsOf } from './details.ts';

const at = { file: 'images.yaml', line: 3, column: 5 };
const wanted = (index: number): WantedImage => ({
  name: 'app',
  source: 's.io/app',
  digest: numbered(index),
  tags: [],
  at,
  tagAt: () => at,
});
const setOf = (destinations: readonly string[], ...images: WantedImage[]): ImageSet => ({
  project: 'p',
  source: 's.io/app',
  destinations,
  name: 'app',
  images,
});

describe('src/plan/details.ts', () => {
  it('knows the mirrors of what is pending, and its size where that was read', () => {
    const [one, two, three] = [wanted(1), wanted(2), wanted(3)];
    const sets = [setOf(['a.io', 'b.io'], one, two), setOf(['c.io'], three)];
    const pending = [one, three].map((image) => ({ image, lacks: [] }));
    expect([...detailsOf(pending, sets, new Map([[one, 7]]))]).toEqual([
      [one, { mirrors: ['a.io', 'b.io'], size: 7 }],
      [three, { mirrors: ['c.io'] }],
    ]);
  });
});
