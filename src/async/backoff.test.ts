import { describe, expect, it } from 'vitest';
import { backoff } from './backoff.ts';

describe('src/async/backoff.ts', () => {
  it('doubles the bound after each failure, up to half a minute', () => {
    const longest = [1, 2, 3, 8, 9, 50].map((failures) => backoff(failures, 1));
    expect(longest).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
  });

  it('spreads the wait from 0 to the bound', () => {
    expect([0, 0.25, 0.5].map((random) => backoff(3, random))).toEqual([0, 200, 400]);
  });
});
