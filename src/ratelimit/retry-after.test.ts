import { describe, expect, it } from 'vitest';
import { retryAfter } from './retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

describe('src/ratelimit/retry-after.ts', () => {
  const from = (headers: Record<string, string>, text?: string): number | undefined =>
    retryAfter({ header: (name) => headers[name], text }, NOW);

  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['0.25', 250],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    [String(NOW / 1000 + 90), 90_000],
    [String(NOW + 90_000), 90_000],
    ['1m30s', 90_000],
    ['880.092µs', 1],
    ['12ms', 12],
    ['100ns', 1],
  ])('reads «%s»', (value, expected) => {
    expect(from({ 'retry-after': value })).toBe(expected);
  });

  it.each(['', 'soon', '-5', '-5s', '1e3', '5 bananas', 'Infinity', '1.2.3', '1 s'])('ignores «%s»', (value) => {
    expect(from({ 'retry-after': value })).toBeUndefined();
  });

  it.each([
    ['retry-after', 'Thu, 01 Jan 2026 15:00:30 GMT'],
    ['x-retry-after', String((NOW + 3 * 3_600_000) / 1000 + 30)],
  ])("counts %s from the registry's clock, which is three hours fast", (name, value) => {
    const date = 'Thu, 01 Jan 2026 15:00:00 GMT';
    expect(from({ [name]: value, date })).toBe(30_000);
    expect(from({ [name]: value, date: 'soon' })).toBe(3 * 3_600_000 + 30_000);
    expect(from({ 'retry-after': '7', date })).toBe(7_000);
  });

  it("prefers the standard header to Docker Hub's, and headers to the body", () => {
    expect(from({ 'retry-after': '1', 'x-retry-after': '2' }, 'retry-after: 3s')).toBe(1_000);
    expect(from({ 'x-retry-after': String(NOW / 1000 + 60) }, 'retry-after: 3s')).toBe(60_000);
    expect(from({ 'retry-after': 'soon' }, 'retry-after: 3s')).toBe(3_000);
  });

  it("reads the wait in GHCR's response body, and ignores a quota", () => {
    expect(
      from({}, '{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 880.092µs, allowed: 44000/minute"}]}'),
    ).toBe(1);
    expect(from({}, 'Too many requests, try again in 1m30s.')).toBe(90_000);
    expect(from({}, 'limit: 100 per 6h')).toBeUndefined();
    expect(from({}, '')).toBeUndefined();
  });

  it('returns the reset of a quota only if it is used up', () => {
    const reset = (remaining: string): number | undefined => {
      const headers = new Map([
        ['x-ratelimit-remaining', remaining],
        ['x-ratelimit-reset', String(NOW / 1000 + 40)],
      ]);
      return retryAfter({ header: (name) => headers.get(name) }, NOW);
    };
    expect([reset('0'), reset('1')]).toEqual([40_000, undefined]);
  });
});
