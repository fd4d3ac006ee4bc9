import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eachOf } from './each-of.ts';

describe('src/async/each-of.ts', () => {
  it('processes every item, at most the limit at a time', async () => {
    const done: number[] = [];
    let [active, most] = [0, 0];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, (active += 1));
      await setImmediate();
      active -= 1;
      done.push(item);
    });
    expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  it('takes an item only when a slot is free', async () => {
    let taken = 0;
    function* items(): Generator<number> {
      for (;;) yield (taken += 1);
    }
    const gate = Promise.withResolvers<never>();
    const work = eachOf(items(), 2, () => gate.promise);
    await setImmediate();
    expect(taken).toBe(2);
    gate.reject(new Error('over'));
    await expect(work).rejects.toThrow('over');
  });

  it('stops at the first error, and throws it when all running work has ended', async () => {
    const begun: number[] = [];
    let ended = false;
    const work = eachOf([1, 2, 3, 4, 5, 6], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('first');
      await setImmediate();
      await setImmediate();
      ended = true;
    });
    await expect(work).rejects.toThrow('first');
    expect({ begun, ended }).toEqual({ begun: [1, 2], ended: true });
  });

  it('reads a variable limit whenever work ends, and always runs at least one', async () => {
    let limit = 1;
    let [active, most] = [0, 0];
    await eachOf(
      [1, 2, 3, 4, 5, 6],
      () => limit,
      async (item) => {
        most = Math.max(most, (active += 1));
        await setImmediate();
        active -= 1;
        limit = item === 2 ? 3 : item === 5 ? 0 : limit;
      },
    );
    expect(most).toBe(3);
  });

  it('resolves at once without items', async () => {
    await expect(eachOf([], 2, () => Promise.reject(new Error('never')))).resolves.toBeUndefined();
  });
});
