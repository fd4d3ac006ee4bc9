import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags/parse-flags.ts';
import { ALLOW_FLAGS, DIFF_FLAGS, sourceOptions, TREE_FLAGS, treeNamed, type SourceOptions } from './source.ts';

const options = (...argv: string[]): SourceOptions =>
  sourceOptions(parseFlags([...TREE_FLAGS, ...ALLOW_FLAGS, ...DIFF_FLAGS] as const, argv).values);

describe('src/cli/options/source.ts', () => {
  it('names no tree, allows every registry and has no diff by default', () => {
    expect(options()).toEqual({ allTrees: false, allowRegistries: [] });
    expect(treeNamed(options())).toBeUndefined();
  });

  it('accepts manifests in one flag', () => {
    expect(options('--manifests=a', '--all-trees')).toEqual({ manifests: 'a', allTrees: true, allowRegistries: [] });
    expect(['--manifests=a', '--manifest=b', '--thin-manifest-dir=c'].map((flag) => treeNamed(options(flag)))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('parses the diff flags', () => {
    expect(options('--use-prow-manifest-diff').diff).toBe('prow');
    expect(options('--manifest-diff-since=2026-01-31').diff).toEqual({ since: '2026-01-31' });
    expect(options('--allow-registry=A.example').allowRegistries.map(({ text }) => text)).toEqual(['a.example']);
  });

  it.each([
    [['--use-prow-manifest-diff', '--manifest-diff-since=14d'], 'contradict each other'],
    [['--manifest-diff-since=yesterday'], '--manifest-diff-since "yesterday": invalid time'],
    [['--manifest=a', '--manifests=b'], '--manifests and --manifest contradict each other'],
    [['--all-trees'], '--all-trees requires --manifests'],
    [['--allow-registry=a b'], '--allow-registry: pattern "a b"'],
  ])('rejects %j', (argv, message) => {
    expect(() => options(...argv)).toThrow(message);
  });
});
