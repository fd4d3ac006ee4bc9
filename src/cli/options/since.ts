import { parseDuration } from '../../text/go-duration.ts';

const DAY = 24 * 3600_000;
const MONTH_DAYS = 31;
const UNITS: Readonly<Record<string, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3600_000,
  day: DAY,
  week: 7 * DAY,
  month: MONTH_DAYS * DAY,
  year: 366 * DAY,
};
// The forms that git accepts: `14 days`, `2.weeks.ago`.
const WORDS = /^(\d{1,6})[ .]+(second|minute|hour|day|week|month|year)s?(?:[ .]+ago)?$/;
const DAYS = /^(\d{1,6})d(.*)$/;
// RFC 3339, or only its date, which means 0:00 UTC of that day.
const DATE = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/;

/**
 * Parses a positive duration as Go does, with days in addition (`14d`, `1d12h`). Returns milliseconds; undefined if
 * invalid.
 */
export function parseAge(text: string): number | undefined {
  const [, days, rest] = DAYS.exec(text) ?? [];
  const below = rest === '' ? 0 : parseDuration(rest ?? text);
  if (below === undefined || (days !== undefined && /^[+-]/.test(rest ?? ''))) return undefined;
  const sum = Number(days ?? 0) * DAY + below;
  return sum > 0 ? sum : undefined;
}

/**
 * Parses the value of `--manifest-diff-since`: an age before `now`, or a date. Returns undefined if it is invalid,
 * because Git would read an invalid time as now, and nothing would be promoted.
 */
export function parseSince(text: string, now: number): number | undefined {
  const age = parseAge(text);
  if (age !== undefined) return now - age;
  const [, amount, unit = ''] = WORDS.exec(text) ?? [];
  if (amount !== undefined) return now - Number(amount) * (UNITS[unit] ?? Number.NaN);
  if (!DATE.test(text)) return undefined;
  const time = Date.parse(`${text.replace(' ', 'T')}${/[Zz]|[+-]\d{2}:\d{2}$|^.{10}$/.test(text) ? '' : 'Z'}`);
  return Number.isNaN(time) ? undefined : time;
}
