import { describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/promotion/context.ts';
import { shareOf, type TreeSet } from '../../sharding/share.ts';

const set = (name: string, digests: number): TreeSet => ({
  project: 'p',
  source: `a.test/staging/${name}`,
  destinations: ['b.test/prod'],
  name,
  digests,
});

describe('src/watch/log-lines/setup.ts', () => {
  it('tells the share of a run, and names components that are heavier than 1.5 shares', () => {
    const { context, log } = testContext();
    const tree = [set('big', 60), ...Array.from({ length: 10 }, (_, index) => set(`app-${index}`, 4))];
    context.emit({ type: 'share-chosen', share: shareOf({ index: 0, of: 1 }, tree) });
    expect(log).toEqual(['info Shard 0/1 of the tree: 100 digests of 100, 11 components of 11']);
    context.emit({ type: 'share-chosen', share: shareOf({ index: 0, of: 4 }, tree) });
    expect(log.slice(2)).toEqual([
      'warning Components of repositories that share digests are not divided; heavier than 1.5 shares of 25 digests: a.test/staging/big (60 digests); the other shards wait for theirs, so use fewer shards',
    ]);
  });
});
