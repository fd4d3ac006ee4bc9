import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { expiringCache } from './expiring-cache.ts';

const forever = new AbortController().signal;

describe('src/http/credentials/expiring-cache.ts', () => {
  it.each([
    ['five minutes before the end of a long life', 3_600_000, 3_300_000],
    ['in the last quarter of a short one', 400_000, 300_000],
  ])('renews %s', async (_when, life, renewed) => {
    const clock = fakeClock();
    let given = 0;
    const get = expiringCache(clock, async () => ({ value: (given += 1), expires: clock.now() + life }));
    await get('a', forever);
    await clock.advance(renewed - 1);
    expect(await get('a', forever)).toBe(1);
    await clock.advance(1);
    expect(await get('a', forever)).toBe(2);
  });

  it('keeps one value for each key, and a value without expiry for ever', async () => {
    const clock = fakeClock();
    let given = 0;
    const get = expiringCache(clock, async (key) => ({
      value: `${key}${(given += 1)}`,
      expires: Number.POSITIVE_INFINITY,
    }));
    expect([await get('a', forever), await get('b', forever)]).toEqual(['a1', 'b2']);
    await clock.advance(1e12);
    expect([await get('a', forever), await get('b', forever)]).toEqual(['a1', 'b2']);
  });

  it('calls the source again after a failure', async () => {
    let fails = true;
    const get = expiringCache(fakeClock(), async () => {
      if (fails) throw new Error('no');
      return { value: 1, expires: Number.POSITIVE_INFINITY };
    });
    await expect(get('a', forever)).rejects.toThrow('no');
    fails = false;
    expect(await get('a', forever)).toBe(1);
  });
});
