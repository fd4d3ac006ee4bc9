import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { kept } from './kept.ts';

const forever = new AbortController().signal;

describe('src/http/credentials/kept.ts', () => {
  it.each([
    ['five minutes before the end of a long life', 3_600_000, 3_300_000],
    ['in the last quarter of a short one', 400_000, 300_000],
  ])('renews %s', async (_when, life, renewed) => {
    const clock = fakeClock();
    let given = 0;
    const get = kept(clock, async () => ({ value: (given += 1), expires: clock.now() + life }));
    await get('a', forever);
    await clock.advance(renewed - 1);
    expect(await get('a', forever)).toBe(1);
    await clock.advance(1);
    expect(await get('a', forever)).toBe(2);
  });

  it('keeps one thing for each key, and what does not expire for good', async () => {
    const clock = fakeClock();
    let given = 0;
    const get = kept(clock, async (key) => ({ value: `${key}${(given += 1)}`, expires: Number.POSITIVE_INFINITY }));
    expect([await get('a', forever), await get('b', forever)]).toEqual(['a1', 'b2']);
    await clock.advance(1e12);
    expect([await get('a', forever), await get('b', forever)]).toEqual(['a1', 'b2']);
  });

  it('asks again after a failure', async () => {
    let fails = true;
    const get = kept(fakeClock(), async () => {
      if (fails) throw new Error('no');
      return { value: 1, expires: Number.POSITIVE_INFINITY };
    });
    await expect(get('a', forever)).rejects.toThrow('no');
    fails = false;
    expect(await get('a', forever)).toBe(1);
  });
});
