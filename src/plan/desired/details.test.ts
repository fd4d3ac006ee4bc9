import { describe, expect, it } from 'vitest';
import { numbered } from '../../../test/support/promotion/promoted.ts';
import { PromotionError } from '../../errors.ts';
import type { ImageSet, WantedImage } from './desired.ts';
import { detailsOf } from './details.ts';

const at = { file: 'images.yaml', line: 3, column: 5 };
const wanted = (index: number): WantedImage => ({
  name: 'app',
  source: 's.io/app',
  digest: numbered(index),
  tags: [],
  at,
  tagPositions: [],
});
const setOf = (destinations: readonly string[], ...images: WantedImage[]): ImageSet => ({
  project: 'p',
  source: 's.io/app',
  destinations,
  name: 'app',
  images,
});

describe('src/plan/desired/details.ts', () => {
  it('returns the mirrors of pending images, and their size if known', () => {
    const [one, two, three] = [wanted(1), wanted(2), wanted(3)];
    const sets = [setOf(['a.io', 'b.io'], one, two), setOf(['c.io'], three)];
    const pending = new Map([one, three].map((image) => [image, []]));
    expect([...detailsOf(sets, { pending, sizes: new Map([[one, 7]]), unread: new Map() })]).toEqual([
      [one, { mirrors: ['a.io', 'b.io'], lacking: [], unread: [], size: 7 }],
      [three, { mirrors: ['c.io'], lacking: [], unread: [] }],
    ]);
  });

  it('returns lacking and unread mirrors', () => {
    const [one, two, three] = [wanted(1), wanted(2), wanted(3)];
    const sets = [setOf(['a.io', 'b.io'], one, two), setOf(['a.io'], three)];
    const error = new PromotionError('UNAUTHORIZED', '401');
    const lack = {
      image: one,
      digestMissing: true,
      missingTags: [],
      moves: [],
      repository: 'a.io/app',
      isNew: true,
      isUnread: false,
    };
    const pending = new Map([[one, [lack]]]);
    const details = detailsOf(sets, { pending, sizes: new Map(), unread: new Map([['b.io/app', error]]) });
    const unread = [{ name: 'b.io', error }];
    expect([...details]).toEqual([
      [one, { mirrors: ['a.io', 'b.io'], lacking: ['a.io'], unread }],
      [two, { mirrors: ['a.io', 'b.io'], lacking: [], unread }],
    ]);
  });
});
