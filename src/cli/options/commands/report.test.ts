import { describe, expect, it } from 'vitest';
import { parseFlags } from '../flags/parse-flags.ts';
import { MERGE_FLAGS, mergeOptions, type MergeOptions } from './report.ts';

const optionsOf = (...words: readonly string[]): MergeOptions => mergeOptions(parseFlags(MERGE_FLAGS, words));

describe('src/cli/options/commands/report.ts', () => {
  it('reads paths and addresses, each once, and expands ranges', () => {
    const { sources, wait } = optionsOf('merge', 'a.json', 'oci://r.test/jobs:run-{0..2}', 'a.json', '--wait=1h');
    expect(sources.map(({ text, artifact }) => [text, artifact?.tag])).toEqual([
      ['a.json', undefined],
      ['oci://r.test/jobs:run-0', 'run-0'],
      ['oci://r.test/jobs:run-1', 'run-1'],
      ['oci://r.test/jobs:run-2', 'run-2'],
    ]);
    expect(wait).toBe(3_600_000);
  });

  it.each([
    [[], /requires a subcommand/],
    [['join', 'a.json'], /no subcommand "join"/],
    [['merge'], /no report is given/],
    [['merge', 'oci://r.test/jobs'], /not the address of a report/],
    [['merge', 'a-{7..0}.json'], /\{7\.\.0\} is not a range/],
    [['merge', 'a-{0..9999}.json'], /not a range of at most 1000 shards/],
  ] as const)('rejects %j', (words, message) => {
    expect(() => optionsOf(...words)).toThrow(message);
  });
});
