import { describe, expect, it } from 'vitest';
import { PromotionError } from '../../../errors.ts';
import { route } from '../../route.ts';
import type { SnapshotCommandOptions } from './snapshot.ts';

function optionsOf(...argv: readonly string[]): SnapshotCommandOptions {
  const request = route(['cip', ...argv]);
  if (request.kind !== 'snapshot') throw new Error('it is a snapshot');
  return request.options;
}

function refusal(...argv: readonly string[]): string {
  try {
    route(argv);
  } catch (error) {
    if (error instanceof PromotionError && error.code === 'USAGE') return `${error.message}; ${error.hint}`;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('src/cli/options/commands/snapshot.ts', () => {
  it('defaults to a complete snapshot of a registry in YAML', () => {
    const { snapshot } = optionsOf('--snapshot=gcr.io/prod');
    expect(snapshot).toMatchObject({ of: 'gcr.io/prod', from: 'registry', minimal: false, format: 'yaml' });
    expect(snapshot.tag).toBeUndefined();
    expect(
      optionsOf('--snapshot=gcr.io/prod/', '--snapshot-tag=v1', '--minimal-snapshot', '--output=CSV').snapshot,
    ).toMatchObject({ of: 'gcr.io/prod', tag: 'v1', minimal: true, format: 'csv' });
  });

  it.each([
    ['--manifest=m.yaml', { manifest: 'm.yaml' }],
    ['--manifests=tree', { manifests: 'tree' }],
    ['--thin-manifest-dir=tree', { thinManifestDir: 'tree' }],
  ])('accepts %s as the manifests of a snapshot', (source, expected) => {
    const options = optionsOf('--manifest-based-snapshot-of=gcr.io/prod', source, '--dry-run', '--output=json');
    expect(options).toMatchObject({
      snapshot: { of: 'gcr.io/prod', from: 'manifests', format: 'json' },
      tree: expected,
    });
  });

  it('promotes if --snapshot is empty', () => {
    expect(route(['cip', '--snapshot=', '--manifests=tree']).kind).toBe('cip');
  });

  it.each([
    [['--confirm'], '--snapshot and --confirm contradict each other'],
    [['--parse-only'], '--snapshot and --parse-only contradict each other'],
    [['--use-prow-manifest-diff'], '--snapshot and --use-prow-manifest-diff contradict each other'],
    [['--manifest-diff-since=1d'], '--snapshot and --manifest-diff-since contradict each other'],
    [['--tags-last'], '--snapshot and --tags-last contradict each other'],
    [['--replicate-signatures'], '--snapshot and --replicate-signatures contradict each other'],
    [['--vuln-severity-threshold=2'], '--snapshot and --vuln-severity-threshold contradict each other'],
    [['--vuln-gate'], '--snapshot and --vuln-gate contradict each other'],
    [['--report=a.json'], '--snapshot and --report contradict each other'],
    [['--manifest-based-snapshot-of=b.test'], '--snapshot and --manifest-based-snapshot-of contradict each other'],
    [['--manifests=tree'], '--snapshot does not read manifests'],
    [['--snapshot-tag=a/b'], '--snapshot-tag: "a/b" is not a valid tag'],
    [['--output=xml'], 'invalid snapshot output format: "xml"; write yaml, csv or json'],
    [['--snapshot=https://gcr.io/prod'], '--snapshot: "https://gcr.io/prod" has a scheme'],
    [['--snapshot=localhost:70000/prod'], '--snapshot: "localhost:70000/prod" has no valid host'],
    [['--snapshot=myorg/prod'], 'may be a host or an organisation'],
    [['--snapshot=gcr.io/Prod'], '--snapshot: "gcr.io/Prod" has a path that is not lower-case'],
    [['word'], '`kpromo cip` takes no argument "word"'],
  ])('rejects %j', (argv, message) => {
    expect(refusal('cip', '--snapshot=gcr.io/prod', ...argv)).toContain(message);
  });

  it('rejects a snapshot of manifests without manifests, or with --confirm', () => {
    const of = '--manifest-based-snapshot-of=gcr.io/prod';
    expect(refusal('cip', of)).toBe('--manifest-based-snapshot-of requires manifests; add --manifests PATH');
    expect(refusal('cip', of, '--manifests=tree', '--confirm')).toContain(
      '--manifest-based-snapshot-of and --confirm contradict each other',
    );
  });

  it.each(['--snapshot-tag=v1', '--minimal-snapshot', '--output=csv'])('rejects %s without a snapshot', (flag) => {
    expect(refusal('cip', '--manifests=tree', flag)).toMatch(/^--\S+ requires a snapshot; give the/);
  });

  it('rejects a snapshot in a replication', () => {
    for (const command of [['replicate'], ['cip', 'replicate-signatures']])
      expect(refusal(...command, '--manifests=tree', '--snapshot=gcr.io/prod')).toBe(
        '--snapshot cannot be combined with replication; take snapshots with `kpromo cip`',
      );
  });
});
