import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { memoryCommons, type MemoryCommons } from '../../../test/support/memory-commons.ts';
import { sharedBudget, type SharedBudget } from './budget.ts';
import type { AdaptiveBucket } from '../adaptive/bucket.ts';

const SETTINGS = { start: 60, floor: 1, ceiling: 1000, burst: 10 };

type World = {
  readonly clock: FakeClock;
  readonly commons: MemoryCommons;
  readonly budget: SharedBudget;
  readonly said: readonly string[];
  /** Why nobody gets in, if so. */
  closed: string | undefined;
  tries: number;
};

function world(closed?: string): World {
  const clock = fakeClock({ start: 0 });
  const commons = memoryCommons(clock);
  const said: string[] = [];
  const budget = sharedBudget({
    clock,
    place: 'the pub',
    narrate: (event) => event.type === 'log' && said.push(`${event.level} ${event.message}`),
    open: async () => {
      one.tries += 1;
      if (one.closed !== undefined) throw new Error(one.closed);
      return commons.open();
    },
  });
  const one: World = { clock, commons, budget, said, closed, tries: 0 };
  return one;
}

const bucketOf = ({ budget }: World): AdaptiveBucket => budget.bucketOf('a', SETTINGS, () => {});

describe('src/ratelimit/shared/budget.ts', () => {
  it('connects no sooner than somebody sends requests', async () => {
    const one = world();
    await one.clock.advance(5000);
    expect(one.tries).toBe(0);
    bucketOf(one);
    await one.clock.advance(100);
    expect([one.tries, one.commons.record('a')?.version]).toEqual([1, 1]);
  });

  it('lets buckets of every time take part', async () => {
    const one = world();
    bucketOf(one);
    await one.clock.advance(100);
    one.budget.bucketOf('b', SETTINGS, () => {});
    await one.clock.advance(100);
    expect(one.commons.record('b')?.version).toBe(1);
  });

  it('says once that it cannot be reached, lets requests go on, and says once when it can', async () => {
    const one = world('ECONNREFUSED');
    const bucket = bucketOf(one);
    await one.clock.advance(20_000);
    expect(bucket.wait(one.clock.now())).toBe(0);
    expect(one.tries).toBeGreaterThan(3);
    const warning =
      "warning the pub, through which request rates are shared, cannot be reached (ECONNREFUSED): going on with this process's share";
    expect(one.said).toEqual([warning]);
    one.closed = undefined;
    await one.clock.advance(20_000);
    expect(one.said).toEqual([warning, 'info Sharing request rates through the pub again']);
  });

  it('says so each time when it is lost', async () => {
    const one = world();
    const bucket = bucketOf(one);
    await one.clock.advance(100);
    one.closed = 'it is shut';
    one.commons.lose();
    await one.clock.advance(10_000);
    expect(bucket.wait(one.clock.now())).toBe(0);
    one.closed = undefined;
    await one.clock.advance(3000);
    one.commons.lose();
    await one.clock.advance(3000);
    expect(one.said.map((line) => line.replace(/ the pub.*\(/, ' ('))).toEqual([
      'info Sharing request rates through the pub',
      expect.stringMatching(/^warning \(it was taken away\)/),
      'info Sharing request rates through the pub again',
      expect.stringMatching(/^warning \(it was taken away\)/),
      'info Sharing request rates through the pub again',
    ]);
  });

  it('holds requests up for a second at the most while it connects', async () => {
    const clock = fakeClock({ start: 0 });
    const never = (): Promise<never> => new Promise(() => {});
    const { bucketOf: open } = sharedBudget({ clock, place: 'x', narrate: () => {}, open: never });
    let woken = 0;
    const bucket = open('a', SETTINGS, () => (woken += 1));
    await clock.advance(900);
    expect(bucket.wait(clock.now())).toBeGreaterThan(0);
    await clock.advance(200);
    expect([bucket.wait(clock.now()), woken]).toEqual([0, 1]);
  });

  it('leaves nothing behind when it is closed', async () => {
    for (const closed of [undefined, 'it is shut']) {
      const one = world(closed);
      bucketOf(one);
      await one.clock.advance(500);
      one.budget.close();
      await one.clock.advance(0);
      expect(one.clock.pending()).toBe(0);
      expect(one.said).toHaveLength(1);
    }
  });
});
