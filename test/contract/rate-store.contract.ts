import { expect, it, type TestContext } from 'vitest';
import type { RateStore } from '../../src/ratelimit/shared/store.ts';
import { fold, newRecord, type SharedRecord } from '../../src/ratelimit/shared/record.ts';

/** A store under test: `open` connects one process, `lose` ends all connections. */
type RateStoreSubject = AsyncDisposable & { open(): Promise<RateStore>; lose(): Promise<void> };

const BOUNDS = { start: 60, floor: 1, ceiling: 1000 };

/** Returns the record after this many more requests. */
const after = (record: SharedRecord, sent: number): SharedRecord =>
  fold(record, BOUNDS, { member: 'one', now: 1000, sent, hungry: 0, answers: [], pausedUntil: 0 });

const first = after(newRecord(BOUNDS), 1);

/** The contract of every rate store. */
export function rateStoreContract(start: (test: TestContext) => Promise<RateStoreSubject>): void {
  it('creates a record, and replaces the record of the named version', async (test) => {
    await using subject = await start(test);
    const [one, other] = [await subject.open(), await subject.open()];
    expect(await one.replace('a', 0, first)).toBeUndefined();
    const second = after(first, 2);
    expect(await other.replace('a', first.version, second)).toBeUndefined();
    expect(await one.replace('b', 0, first)).toBeUndefined();
  });

  it('returns the current record when its version differs', async (test) => {
    await using subject = await start(test);
    const [one, other] = [await subject.open(), await subject.open()];
    await one.replace('a', 0, first);
    expect(await other.replace('a', 0, after(first, 7))).toEqual(first);
    expect(await other.replace('unused', 3, first)).toBe('gone');
  });

  it('reports each change, in order', async (test) => {
    await using subject = await start(test);
    const [one, other] = [await subject.open(), await subject.open()];
    const told: number[] = [];
    const all = Promise.withResolvers<void>();
    other.follow('a', ({ version }) => {
      told.push(version);
      if (version === 20) all.resolve();
    });
    other.follow('b', () => told.push(Number.NaN));
    let record = newRecord(BOUNDS);
    while (record.version < 20) {
      const next = after(record, 1);
      await one.replace('a', record.version, next);
      record = next;
    }
    await all.promise;
    // Earlier changes are not repeated.
    expect(told).toEqual(Array.from(told, (_, index) => 21 - told.length + index));
  });

  it('grants tokens to all processes once it is refilled', async (test) => {
    await using subject = await start(test);
    const [one, other] = [await subject.open(), await subject.open()];
    let given = 0;
    const leases = [one.lease('a', 2, 0), other.lease('a', 3, 0)];
    for (const lease of leases) void lease.then(() => (given += 1));
    // One round trip to the server.
    await one.replace('a', 0, first);
    expect(given).toBe(0);
    await one.refill('a', 200, false);
    await Promise.all(leases);
  });

  it('grants a small lease before earlier ones that are too large now', async (test) => {
    await using subject = await start(test);
    const one = await subject.open();
    await one.refill('a', 20, false);
    const order: string[] = [];
    const large = one.lease('a', 50, 0).then(() => order.push('large'));
    await one.lease('a', 1, 1).then(() => order.push('small'));
    await one.refill('a', 1000, false);
    await large;
    expect(order).toEqual(['small', 'large']);
  });

  it('reports its loss', async (test) => {
    await using subject = await start(test);
    const [one, other] = [await subject.open(), await subject.open()];
    await subject.lose();
    expect(await one.lost).toMatch(/./);
    expect(await other.lost).toMatch(/./);
  });
}
