import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { memoryRateStore, type MemoryRateStore } from '../../../test/support/memory-rate-store.ts';
import { sharedBudget, type SharedBudget } from './budget.ts';
import type { AdaptiveBucket } from '../adaptive/bucket.ts';

const SETTINGS = { start: 60, floor: 1, ceiling: 1000, burst: 10 };

type World = {
  readonly clock: FakeClock;
  readonly store: MemoryRateStore;
  readonly budget: SharedBudget;
  readonly said: readonly string[];
  /** Why the store cannot be reached; undefined if it can. */
  closed: string | undefined;
  tries: number;
};

function world(closed?: string): World {
  const clock = fakeClock({ start: 0 });
  const store = memoryRateStore(clock);
  const said: string[] = [];
  const budget = sharedBudget({
    clock,
    place: 'the store',
    narrate: (event) => event.type === 'log' && said.push(`${event.level} ${event.message}`),
    open: async () => {
      one.tries += 1;
      if (one.closed !== undefined) throw new Error(one.closed);
      return store.open();
    },
  });
  const one: World = { clock, store, budget, said, closed, tries: 0 };
  return one;
}

const bucketOf = ({ budget }: World): AdaptiveBucket => budget.bucketOf('a', SETTINGS, () => {});

describe('src/ratelimit/shared/budget.ts', () => {
  it('connects with the first bucket', async () => {
    const one = world();
    await one.clock.advance(5000);
    expect(one.tries).toBe(0);
    bucketOf(one);
    await one.clock.advance(100);
    expect([one.tries, one.store.record('a')?.version]).toEqual([1, 1]);
  });

  it('joins buckets that are created after the connection', async () => {
    const one = world();
    bucketOf(one);
    await one.clock.advance(100);
    one.budget.bucketOf('b', SETTINGS, () => {});
    await one.clock.advance(100);
    expect(one.store.record('b')?.version).toBe(1);
  });

  it('logs an outage once, lets requests continue, and logs once when the store is back', async () => {
    const one = world('ECONNREFUSED');
    const bucket = bucketOf(one);
    await one.clock.advance(20_000);
    expect(bucket.wait(one.clock.now())).toBe(0);
    expect(one.tries).toBeGreaterThan(3);
    const warning =
      "warning the store, through which jobs share request rates, cannot be reached (ECONNREFUSED): continuing with this process's share";
    expect(one.said).toEqual([warning]);
    one.closed = undefined;
    await one.clock.advance(20_000);
    expect(one.said).toEqual([warning, 'info Sharing request rates through the store again']);
  });

  it('logs each loss of the connection', async () => {
    const one = world();
    const bucket = bucketOf(one);
    await one.clock.advance(100);
    one.closed = 'it is shut';
    one.store.lose();
    await one.clock.advance(10_000);
    expect(bucket.wait(one.clock.now())).toBe(0);
    one.closed = undefined;
    await one.clock.advance(3000);
    one.store.lose();
    await one.clock.advance(3000);
    expect(one.said.map((line) => line.replace(/ the store.*\(/, ' ('))).toEqual([
      'info Sharing request rates through the store',
      expect.stringMatching(/^warning \(it was taken away\)/),
      'info Sharing request rates through the store again',
      expect.stringMatching(/^warning \(it was taken away\)/),
      'info Sharing request rates through the store again',
    ]);
  });

  it('delays requests for at most a second while it connects', async () => {
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

  it('leaves no timer behind when it is closed', async () => {
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
