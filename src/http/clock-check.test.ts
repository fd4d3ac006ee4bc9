import { describe, expect, it } from 'vitest';
import { clockCheck } from './clock-check.ts';
import type { HttpRequest, HttpResponse } from './fetch.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

/** Returns whether the clock counts as wrong after responses with these dates, in minutes from now. */
async function isWrong(
  ...shown: readonly (readonly [host: string, date: number | string | undefined])[]
): Promise<boolean> {
  const check = clockCheck({ now: () => NOW });
  const request: HttpRequest = {
    method: 'GET',
    url: new URL('https://any.test'),
    operation: 'list',
    signal: new AbortController().signal,
  };
  for (const [host, date] of shown) {
    const text = typeof date === 'number' ? new Date(NOW + date * MINUTE).toUTCString() : date;
    const headers = new Map<string, readonly string[]>(text === undefined ? [] : [['date', [text]]]);
    if (host === 'cache.test') headers.set('age', [String(600 * 60)]);
    const url = new URL(`https://${host}/v2/`);
    await check.watching(() => Promise.resolve({ status: 200, headers, url } as unknown as HttpResponse))(request);
  }
  return check.isWrong();
}

describe('src/http/clock-check.ts', () => {
  it.each([
    ['nothing', [], false],
    ['no date', [['a.test', undefined]], false],
    ['text that is not a date', [['a.test', '1']], false],
    ['about the same time', [['a.test', -14]], false],
    ['another time', [['a.test', 16]], true],
    ['the date of a cached response, and its age', [['cache.test', -600]], false],
    [
      'an old date of a cached response, and then the time',
      [
        ['a.test', -600],
        ['a.test', 0],
      ],
      false,
    ],
    [
      'another time at one host of two',
      [
        ['a.test', 60],
        ['b.test', 0],
      ],
      false,
    ],
    [
      'another time at two hosts of three',
      [
        ['a.test', 60],
        ['b.test', 0],
        ['c.test', 60],
      ],
      true,
    ],
  ] as const)('after responses that show %s returns the right answer', async (_, shown, expected) => {
    expect(await isWrong(...shown)).toBe(expected);
  });
});
