import { describe, expect, it } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { memoryRateStore, type MemoryRateStore } from '../../../test/support/memory-rate-store.ts';
import { bucketQuota, generator, type Quota } from '../../../test/support/rate-simulation.ts';
import { crowd, type Crowd, type Tally } from '../../../test/support/shared-quota.ts';
import { adaptiveLimiter, type AdaptiveLimiter, type BucketFactory } from '../adaptive-limiter.ts';
import type { Mark } from '../adaptive/rate-law.ts';
import { sharedBudget } from './budget.ts';
import { sharedBucket, type SharedBucket } from './bucket.ts';

const ORIGIN = 'https://registry.example';

type World = {
  readonly clock: FakeClock;
  readonly store: MemoryRateStore;
  readonly quota: Quota;
  readonly crowd: Crowd;
};

function world(perSecond: number, burst = perSecond): World {
  const clock = fakeClock({ start: 0 });
  const quota = bucketQuota(
    () => perSecond,
    () => burst,
  );
  const requests = { clock, origin: ORIGIN, concurrency: 8, random: generator(1), quota };
  return { clock, quota, store: memoryRateStore(clock), crowd: crowd(requests) };
}

function member({ clock, store }: World): { readonly limiter: AdaptiveLimiter } {
  const bucketOf: BucketFactory = (name, settings, wake) => {
    const bucket = sharedBucket({ name, settings, clock, wake });
    bucket.join(store.open());
    return bucket;
  };
  return { limiter: adaptiveLimiter({ clock, concurrency: 20, maxWait: 600_000, bucketOf }) };
}

/** What came in so many milliseconds. */
async function during({ clock, crowd: { tally } }: World, ms: number): Promise<Tally> {
  const before = { ...tally };
  await clock.advance(ms);
  return { admitted: tally.admitted - before.admitted, refused: tally.refused - before.refused };
}

const SETTINGS = { start: 64, floor: 1, ceiling: 1000, burst: 10 };

type Bare = { readonly clock: FakeClock; readonly store: MemoryRateStore; readonly buckets: readonly SharedBucket[] };

/** Three buckets that have joined. */
async function three(): Promise<Bare> {
  const clock = fakeClock({ start: 0 });
  const store = memoryRateStore(clock);
  const buckets = [1, 2, 3].map(() => {
    const bucket = sharedBucket({ name: ORIGIN, settings: SETTINGS, clock, wake: () => {} });
    bucket.join(store.open());
    return bucket;
  });
  await clock.advance(20);
  return { clock, store, buckets };
}

/** Each bucket's request, sent as soon as it may be. */
async function sentByAll({ clock, buckets }: Bare): Promise<readonly Mark[]> {
  for (const bucket of buckets) bucket.hungry(true, clock.now());
  await clock.advance(200);
  expect(buckets.map((bucket) => bucket.wait(clock.now()))).toEqual([0, 0, 0]);
  return buckets.map((bucket) => bucket.take(clock.now()));
}

describe('src/ratelimit/shared/bucket.ts', () => {
  it.each([
    [10, 10],
    [30, 3],
  ])('reaches nine tenths of %i/s with a burst of %i and three members, of which one leaves', async (quota, burst) => {
    const one = world(quota, burst);
    const [leave] = [member(one), member(one), member(one)].map(({ limiter }) => one.crowd.enter(limiter));
    const early = await during(one, 10_000);
    expect(early.refused).toBeLessThan(0.05 * early.admitted);
    const together = await during(one, 15_000);
    expect(together.admitted).toBeGreaterThan(0.9 * 15 * quota);
    expect(together.refused).toBeLessThanOrEqual(0.02 * together.admitted);
    leave?.();
    const after = await during(one, 15_000);
    expect(after.admitted).toBeGreaterThan(0.9 * 15 * quota);
    expect(after.refused).toBeLessThanOrEqual(0.02 * after.admitted);
  });

  it('gives every member its share', async () => {
    const one = world(60);
    const tallies = [1, 2, 3].map(() => {
      const { limiter } = member(one);
      const own = crowd({ clock: one.clock, origin: ORIGIN, concurrency: 8, random: () => 0.5, quota: one.quota });
      own.enter(limiter);
      return own.tally;
    });
    await one.clock.advance(20_000);
    const least = Math.min(...tallies.map(({ admitted }) => admitted));
    expect(least).toBeGreaterThan(0.75 * 20 * 20);
  });

  it('limits only a class that is refused while others are admitted', async () => {
    const one = world(100_000);
    const { clock } = one;
    const quota = bucketQuota(
      () => 20,
      () => 20,
    );
    const lists = crowd({ clock, origin: ORIGIN, concurrency: 8, random: generator(2), kind: 'list', quota });
    for (const { limiter } of [member(one), member(one)]) {
      one.crowd.enter(limiter);
      lists.enter(limiter);
    }
    await clock.advance(6000);
    const before = { ...lists.tally };
    const reads = await during(one, 2000);
    expect(reads.admitted).toBeGreaterThan(2 * 200);
    expect(lists.tally.admitted - before.admitted).toBeGreaterThan(0.8 * 20 * 2);
    expect(one.store.record(`${ORIGIN} list`)?.state.limit).toBeLessThan(30);
    expect(one.store.record(ORIGIN)?.state.limit).toBeUndefined();
  });

  it.each([10, 60])('holds at most 250 ms of unused tokens of %i/s', async (quota) => {
    const one = world(quota);
    for (const { limiter } of [member(one), member(one), member(one)]) one.crowd.enter(limiter);
    await one.clock.advance(10_000);
    for (let look = 0; look < 50; look += 1) {
      await one.clock.advance(97);
      // What was sent is told within 50 ms; and each of three members may hold one token.
      const held = one.store.given() - (one.store.record(ORIGIN)?.sent ?? 0);
      expect(held).toBeLessThanOrEqual(Math.max(6, quota / 4));
    }
  });

  it('cuts once when all members are refused in the same round trip', async () => {
    const bare = await three();
    const { clock, buckets, store } = bare;
    const marks = await sentByAll(bare);
    const before = store.record(ORIGIN)?.state.from ?? 0;
    await clock.advance(20);
    for (const [index, mark] of marks.entries()) buckets[index]?.answered('refused', mark, clock.now());
    await clock.advance(20);
    // An eighth, not an eighth of an eighth; and all know the same.
    expect(store.record(ORIGIN)?.state).toMatchObject({ refused: 1, refusals: 2 });
    const rates = buckets.map((bucket) => bucket.rate(clock.now()));
    expect(new Set(rates).size).toBe(1);
    expect(rates[0]).toBeGreaterThanOrEqual(before / 8);
    expect(rates[0]).toBeLessThan(before / 4);
  });

  it('numbers the requests of all members consecutively', async () => {
    const bare = await three();
    const marks = await sentByAll(bare);
    await bare.clock.advance(100);
    expect(marks.map((mark) => mark.number).toSorted((one, other) => one - other)).toEqual([1, 2, 3]);
    expect(bare.store.record(ORIGIN)?.sent).toBe(3);
  });

  it('pauses all members when one is ordered to pause', async () => {
    const bare = await three();
    const { clock, buckets } = bare;
    const [mark] = await sentByAll(bare);
    if (mark !== undefined) buckets[0]?.answered('refused', mark, clock.now(), 5000);
    const until = clock.now() + 5000;
    await clock.advance(20);
    expect(buckets.map((bucket) => bucket.pausedUntil())).toEqual([until, until, until]);
  });

  it('delays the requests of all members when one is ordered to pause', async () => {
    const one = world(60);
    const [first, second] = [member(one).limiter, member(one).limiter];
    const want = { origin: ORIGIN, lane: 'small', class: 'read' } as const;
    const { signal } = new AbortController();
    const told = first.acquire(want, signal);
    await one.clock.advance(200);
    (await told).answered({ status: 429, pause: 5000 });
    await one.clock.advance(50);
    let went = false;
    void second.acquire(want, signal).then(() => (went = true));
    await one.clock.advance(4900);
    expect(went).toBe(false);
    await one.clock.advance(1000);
    expect(went).toBe(true);
  });

  it('continues with its share when the budget grants no tokens', async () => {
    const one = world(1000);
    const never = (): Promise<void> => new Promise(() => {});
    for (let count = 0; count < 3; count += 1) {
      const bucketOf: BucketFactory = (name, settings, wake) => {
        const bucket = sharedBucket({ name, settings: { ...settings, ceiling: 60 }, clock: one.clock, wake });
        bucket.join({ ...one.store.open(), lease: never });
        return bucket;
      };
      const options = { clock: one.clock, concurrency: 20, maxWait: 600_000, bucketOf };
      one.crowd.enter(adaptiveLimiter(options));
    }
    await one.clock.advance(2000);
    const { admitted } = await during(one, 10_000);
    expect(admitted).toBeGreaterThan(0.9 * 60 * 10);
    // Each helps itself once a second, to what it did without.
    expect(admitted).toBeLessThanOrEqual(60 * 11);
  });

  it('passes the promised rate of the registry to all members', async () => {
    const { clock, buckets } = await three();
    buckets[0]?.advertise(5, clock.now());
    await clock.advance(100);
    expect(buckets.map((bucket) => bucket.rate(clock.now()))).toEqual([5, 5, 5]);
  });

  it('continues with its share after leaving, and with the whole rate when all have joined again', async () => {
    const bare = await three();
    const { clock, buckets, store } = bare;
    await sentByAll(bare);
    await clock.advance(100);
    const rate = buckets[0]?.rate(clock.now()) ?? 0;
    for (const bucket of buckets) bucket.hungry(false, clock.now());
    store.lose();
    for (const bucket of buckets) bucket.leave();
    expect(buckets.map((bucket) => Math.round(bucket.rate(clock.now()) - rate / 3))).toEqual([0, 0, 0]);
    await clock.advance(1000);
    expect(buckets.map((bucket) => bucket.wait(clock.now()))).toEqual([0, 0, 0]);
    for (const bucket of buckets) bucket.join(store.open());
    await clock.advance(100);
    expect(buckets.map((bucket) => Math.round(bucket.rate(clock.now()) - rate))).toEqual([0, 0, 0]);
  });

  it('uses 30/s with eight members, with few refusals, while the store is away and after it is back', async () => {
    const one = world(30);
    const { clock, store } = one;
    let isAway = false;
    const open = async (): Promise<ReturnType<MemoryRateStore['open']>> => {
      if (isAway) throw new Error('away');
      return store.open();
    };
    for (let count = 0; count < 8; count += 1) {
      const { bucketOf } = sharedBudget({ clock, place: 'the store', narrate: () => {}, open });
      one.crowd.enter(adaptiveLimiter({ clock, concurrency: 8, maxWait: 600_000, bucketOf }));
    }
    await during(one, 12_000);
    isAway = true;
    store.lose();
    const away = await during(one, 12_000);
    isAway = false;
    const back = await during(one, 12_000);
    for (const { admitted, refused } of [away, back]) {
      expect(admitted).toBeGreaterThan(0.9 * 12 * 30);
      expect(refused).toBeLessThanOrEqual(0.02 * admitted);
    }
  });

  it('does not permit more after it left because requests from before are answered', async () => {
    const bare = await three();
    const { clock, buckets, store } = bare;
    const marks = await sentByAll(bare);
    store.lose();
    for (const [index, bucket] of buckets.entries()) {
      bucket.leave();
      const mark = marks[index];
      if (mark !== undefined) bucket.answered('admitted', mark, clock.now());
    }
    await clock.advance(100);
    for (const bucket of buckets) {
      bucket.take(clock.now());
      // The burst is still 1.
      expect(bucket.wait(clock.now())).toBeGreaterThan(500);
    }
  });

  it('delays no request after it left without a record', () => {
    const clock = fakeClock({ start: 0 });
    const bucket = sharedBucket({ name: ORIGIN, settings: SETTINGS, clock, wake: () => {} });
    expect(bucket.wait(0)).toBeGreaterThan(0);
    bucket.leave();
    expect(bucket.wait(0)).toBe(0);
  });
});
