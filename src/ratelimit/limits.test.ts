import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Lane, Limiter } from './limiter.ts';
import { concurrencyLimiter } from './limits.ts';

const ORIGIN = 'https://registry.example';
const forever = new AbortController().signal;

/** Asks for a slot and notes when it is given. */
function ask(
  limiter: Limiter,
  lane: Lane,
  signal = forever,
  origin = ORIGIN,
): { given: boolean; release: () => void; readonly done: Promise<unknown> } {
  const state = { given: false, release: () => {}, done: Promise.resolve() as Promise<unknown> };
  state.done = limiter.acquire({ origin, lane, class: 'read' }, signal).then(
    ({ release }) => {
      state.given = true;
      state.release = release;
      return undefined;
    },
    (error: unknown) => error,
  );
  return state;
}

const given = (asked: readonly { given: boolean }[]): boolean[] => asked.map((one) => one.given);

describe('src/ratelimit/limits.ts', () => {
  it('sends the permitted number of requests at once, and the others in order of arrival', async () => {
    const limiter = concurrencyLimiter(3);
    const asked = Array.from({ length: 5 }, () => ask(limiter, 'small'));
    const elsewhere = ask(limiter, 'small', forever, 'https://other.example');
    await setImmediate();
    expect(given(asked)).toEqual([true, true, true, false, false]);
    expect(elsewhere.given).toBe(true);
    asked[1]?.release();
    await setImmediate();
    expect(given(asked)).toEqual([true, true, true, true, false]);
  });

  it('releases a slot once, even if called twice', async () => {
    const limiter = concurrencyLimiter(3);
    const asked = Array.from({ length: 5 }, () => ask(limiter, 'small'));
    await setImmediate();
    asked[0]?.release();
    asked[0]?.release();
    await setImmediate();
    expect(given(asked)).toEqual([true, true, true, true, false]);
  });

  it('reserves slots for small requests while bodies wait', async () => {
    const limiter = concurrencyLimiter(20);
    const bodies = (['download', 'upload'] as const).flatMap((lane) =>
      Array.from({ length: 40 }, () => ask(limiter, lane)),
    );
    await setImmediate();
    expect(given(bodies).filter(Boolean)).toHaveLength(16);
    const small = Array.from({ length: 5 }, () => ask(limiter, 'small'));
    await setImmediate();
    expect(given(small)).toEqual([true, true, true, true, false]);
  });

  it('reserves slots for uploads while downloads wait, so that a copy within one registry completes', async () => {
    for (const concurrency of [3, 4, 20]) {
      const limiter = concurrencyLimiter(concurrency);
      for (let count = 0; count < 40; count += 1) void ask(limiter, 'download');
      const upload = ask(limiter, 'upload');
      await setImmediate();
      expect(upload.given).toBe(true);
    }
  });

  it('removes aborted requests from the queue', async () => {
    const limiter = concurrencyLimiter(3);
    const held = Array.from({ length: 3 }, () => ask(limiter, 'small'));
    const leaving = new AbortController();
    const gone = ask(limiter, 'small', leaving.signal);
    const next = ask(limiter, 'small');
    const reason = new Error('enough');
    leaving.abort(reason);
    expect(await gone.done).toBe(reason);
    held[0]?.release();
    await setImmediate();
    expect(given([gone, next])).toEqual([false, true]);
    expect(await ask(limiter, 'small', AbortSignal.abort(reason)).done).toBe(reason);
  });

  it.each([0, 2, 2.5, Number.NaN])('rejects a concurrency of %s', (concurrency) => {
    expect(() => concurrencyLimiter(concurrency)).toThrow(RangeError);
  });
});
