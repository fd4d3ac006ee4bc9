import { usage } from '../../unknown.ts';
import { outputOptions, type OutputOptions } from '../output.ts';
import { registriesOptions, type RegistriesOptions } from '../registries.ts';
import { SNAPSHOT_FLAGS, snapshotOptions, type SnapshotOptions } from '../snapshot.ts';
import { treeNamed, treeOptions, type TreeOptions } from '../source.ts';
import { CIP_FLAGS, refusePositional, type ParsedCip } from './cip.ts';

/** The options of a snapshot; manifests are given only for a snapshot of manifests. */
export type SnapshotCommandOptions = {
  readonly snapshot: SnapshotOptions;
  readonly tree: TreeOptions;
  readonly registries: RegistriesOptions;
  readonly output: OutputOptions;
};

/** Reads the flags; throws USAGE for invalid values and contradictions. */
export function snapshotCommandOptions(parsed: ParsedCip): SnapshotCommandOptions {
  const { values } = parsed;
  refusePositional(parsed.positional);
  refuseContradictions(parsed);
  const snapshot = snapshotOptions(values);
  const tree = treeOptions(values);
  refuseTree(snapshot.from, treeNamed(tree) !== undefined);
  return { snapshot, tree, registries: registriesOptions(values), output: outputOptions(values) };
}

/** Throws USAGE for snapshot flags without a snapshot, since they would silently have no effect. */
export function refuseSnapshotFlags({ values }: ParsedCip, isReplication: boolean): void {
  const found = SNAPSHOT_FLAGS.find((flag) => String(values[flag.name]) !== flag.default);
  if (found === undefined) return;
  if (isReplication)
    throw usage(`--${found.name} cannot be combined with replication`, 'take snapshots with `kpromo cip`');
  throw usage(
    `--${found.name} requires a snapshot`,
    'give the registry with --snapshot or --manifest-based-snapshot-of, or omit the flag',
  );
}

/** Flags that write, scan or select parts of the manifests contradict a snapshot. */
const CONTRADICTIONS: ReadonlySet<string> = new Set([
  'confirm',
  'parse-only',
  'use-prow-manifest-diff',
  'manifest-diff-since',
  'shard',
  'processes',
  'replicate-signatures',
  'tags-last',
  'vuln-severity-threshold',
  'vuln-gate',
  'report',
]);

function refuseContradictions({ values }: ParsedCip): void {
  const flag = values.snapshot === '' ? '--manifest-based-snapshot-of' : '--snapshot';
  const other = CIP_FLAGS.find(({ name, ...one }) => CONTRADICTIONS.has(name) && String(values[name]) !== one.default);
  if (other !== undefined)
    throw usage(
      `${flag} and --${other.name} contradict each other`,
      'a snapshot only reads, and covers everything; omit one of them',
    );
}

function refuseTree(from: SnapshotOptions['from'], hasTree: boolean): void {
  if (from === 'registry' && hasTree)
    throw usage(
      '--snapshot does not read manifests',
      'omit the manifests, or use --manifest-based-snapshot-of for a snapshot of their content',
    );
  if (from === 'manifests' && !hasTree)
    throw usage('--manifest-based-snapshot-of requires manifests', 'add --manifests PATH');
}
