import { describe, expect, it } from 'vitest';
import { diffOptions } from './diff.ts';

const options = (given: Partial<Parameters<typeof diffOptions>[0]>): ReturnType<typeof diffOptions> =>
  diffOptions({
    'use-prow-manifest-diff': false,
    'manifest-diff-since': '',
    'repair-since': '14d',
    'staging-retention': '',
    ...given,
  });
const DAY = 24 * 3600_000;

describe('src/cli/options/diff.ts', () => {
  it('looks at everything, and for repair two weeks back, unless told otherwise', () => {
    expect(options({})).toEqual({ repairSince: 14 * DAY });
    expect(options({ 'use-prow-manifest-diff': true })).toEqual({ diff: 'prow', repairSince: 14 * DAY });
    expect(options({ 'manifest-diff-since': '2026-01-31' }).diff).toEqual({ since: '2026-01-31' });
    expect(options({ 'repair-since': '48h' }).repairSince).toBe(2 * DAY);
    expect(options({ 'repair-since': 'all' }).repairSince).toBe('all');
    expect(options({ 'staging-retention': '90d' }).stagingRetention).toBe(90 * DAY);
  });

  it.each([
    [
      { 'use-prow-manifest-diff': true, 'manifest-diff-since': '14d' },
      '--use-prow-manifest-diff and --manifest-diff-since contradict each other',
    ],
    [{ 'manifest-diff-since': 'yesterday' }, '--manifest-diff-since does not understand "yesterday"'],
    [{ 'repair-since': '' }, '--repair-since does not understand ""'],
    [{ 'repair-since': '-1h' }, '--repair-since does not understand "-1h"'],
    [{ 'staging-retention': 'all' }, '--staging-retention does not understand "all"'],
  ])('refuses %j', (given, message) => {
    expect(() => options(given)).toThrow(message);
  });
});
