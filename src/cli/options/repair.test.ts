import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { REPAIR_FLAGS, repairOptions, type RepairOptions } from './repair.ts';

const options = (...argv: string[]): RepairOptions => repairOptions(parseFlags(REPAIR_FLAGS, argv).values);
const DAY = 24 * 3600_000;

describe('src/cli/options/repair.ts', () => {
  it('defaults to a repair window of two weeks', () => {
    expect(options()).toEqual({ since: 14 * DAY });
    expect(options('--repair-since=48h').since).toBe(2 * DAY);
    expect(options('--repair-since=all').since).toBe('all');
    expect(options('--staging-retention=90d').stagingRetention).toBe(90 * DAY);
  });

  it.each([
    ['--repair-since=', '--repair-since "": invalid age'],
    ['--repair-since=-1h', '--repair-since "-1h": invalid age'],
    ['--staging-retention=all', '--staging-retention "all": invalid age'],
  ])('rejects %s', (flag, message) => {
    expect(() => options(flag)).toThrow(message);
  });
});
