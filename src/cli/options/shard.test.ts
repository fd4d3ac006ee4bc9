import { describe, expect, it } from 'vitest';
import { isPromotionError } from '../../errors.ts';
import { route } from '../route.ts';
import { shardOf } from './shard.ts';

function failure(shard: string, env: Readonly<Record<string, string>> = {}): string {
  try {
    return JSON.stringify(shardOf({ shard }, env));
  } catch (error) {
    if (isPromotionError(error, 'USAGE')) return `${error.message}; ${error.hint}`;
    throw error;
  }
}

describe('src/cli/options/shard.ts', () => {
  it.each([
    ['', {}, undefined],
    ['0/1', {}, { index: 0, of: 1 }],
    ['7/8', {}, { index: 7, of: 8 }],
    ['', { JOB_COMPLETION_INDEX: '2' }, undefined],
    ['', { JOB_COMPLETION_INDEX: '2', KPROMO_SHARDS: '3' }, { index: 2, of: 3 }],
    ['0/2', { JOB_COMPLETION_INDEX: '2', KPROMO_SHARDS: '3' }, { index: 0, of: 2 }],
  ])('returns the share of --shard %j and %j', (shard, env, expected) => {
    expect(shardOf({ shard }, env)).toEqual(expected);
  });

  it.each([
    ['8/8', 'there is no shard 8; shards are counted from 0, and the last is 7/8; write I/N'],
    ['0/0', '0 is not a number of shards from 1 to 1000'],
    ['0/1001', '1001 is not a number of shards from 1 to 1000'],
    ['-1/8', 'not a share'],
    ['01/8', 'not a share'],
    ['1', 'not a share; write I/N; shards are counted from 0: 0/8 to 7/8'],
    ['1/2/3', 'not a share'],
    ['1/ 2', 'not a share'],
  ])('rejects --shard %j', (shard, expected) => {
    expect(failure(shard)).toContain(`--shard "${shard}": ${expected}`);
  });

  it.each([
    [{ KPROMO_SHARDS: '3' }, 'KPROMO_SHARDS requires JOB_COMPLETION_INDEX'],
    [{ KPROMO_SHARDS: '3', JOB_COMPLETION_INDEX: '3' }, 'there is no shard 3; shards are counted from 0'],
    [{ KPROMO_SHARDS: 'all', JOB_COMPLETION_INDEX: '3' }, 'not a share; set KPROMO_SHARDS to the "completions"'],
  ])('rejects the variables %j', (env, expected) => {
    expect(failure('', env)).toContain(expected);
  });

  it.each([
    ['cip', '--manifests=t'],
    ['replicate', '--manifests=t'],
    ['sigcheck', '--manifests=t'],
    ['audit', '--manifests=t'],
  ])('is an option of %s', (...argv) => {
    const env = { JOB_COMPLETION_INDEX: '1', KPROMO_SHARDS: '2' };
    expect(route([...argv], env)).toMatchObject({ options: { shard: { index: 1, of: 2 } } });
    expect(route([...argv, '--shard=0/3'], env)).toMatchObject({ options: { shard: { index: 0, of: 3 } } });
    expect(route([...argv])).toMatchObject({ options: { shard: undefined } });
  });

  it.each([
    [['cip', '--snapshot=r.test', '--shard=0/2'], '--snapshot and --shard contradict each other'],
    [['audit', '--manifests=t', '--write-baseline=b', '--shard=0/2'], '--write-baseline and --shard contradict'],
  ])('rejects %j', (argv, message) => {
    expect(() => route(argv)).toThrow(message);
  });
});
