import { describe, expect, it } from 'vitest';
import { parseAge, parseSince } from './since.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const HOUR = 3600_000;

describe('src/cli/options/since.ts', () => {
  it.each([
    ['336h', 336 * HOUR],
    ['14d', 336 * HOUR],
    ['1d12h', 36 * HOUR],
    ['1.5h', 1.5 * HOUR],
  ])('parses the age %s', (text, expected) => {
    expect(parseAge(text)).toBe(expected);
    expect(parseSince(text, NOW)).toBe(NOW - expected);
  });

  it.each([
    ['14 days', NOW - 336 * HOUR],
    ['14.days.ago', NOW - 336 * HOUR],
    ['1 day ago', NOW - 24 * HOUR],
    ['2 weeks', NOW - 336 * HOUR],
    ['2026-01-17', Date.UTC(2026, 0, 17)],
    ['2026-01-17T10:30Z', Date.UTC(2026, 0, 17, 10, 30)],
    ['2026-01-17 10:30:05', Date.UTC(2026, 0, 17, 10, 30, 5)],
    ['2026-01-17T10:30:00+02:00', Date.UTC(2026, 0, 17, 8, 30)],
  ])('parses %s as a time', (text, expected) => {
    expect(parseSince(text, NOW)).toBe(expected);
  });

  it.each(['', '0', '-1h', '0d', '1d-2h', 'yesterday', '2026-13-01', '14', 'days', '1 fortnight', '2026-01'])(
    'rejects %j, which Git might read as now',
    (text) => {
      expect(parseSince(text, NOW)).toBeUndefined();
      expect(parseAge(text)).toBeUndefined();
    },
  );
});
