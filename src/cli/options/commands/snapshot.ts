import { usage } from '../../unknown.ts';
import { outputOptions, type OutputOptions } from '../output.ts';
import { registriesOptions, type RegistriesOptions } from '../registries.ts';
import { SNAPSHOT_FLAGS, snapshotOptions, type SnapshotOptions } from '../snapshot.ts';
import { treeNamed, treeOptions, type TreeOptions } from '../source.ts';
import { CIP_FLAGS, refusePositional, type ParsedCip } from './cip.ts';

/** What `kpromo cip` was asked to do instead of promoting; manifests are named exactly where the snapshot is of those. */
export type SnapshotCommandOptions = {
  readonly snapshot: SnapshotOptions;
  readonly tree: TreeOptions;
  readonly registries: RegistriesOptions;
  readonly output: OutputOptions;
};

/** The options that these flags mean; throws USAGE for what is wrong or contradicts itself. */
export function snapshotCommandOptions(parsed: ParsedCip): SnapshotCommandOptions {
  const { values } = parsed;
  refusePositional(parsed.positional);
  refuseContradictions(parsed);
  const snapshot = snapshotOptions(values);
  const tree = treeOptions(values);
  refuseTree(snapshot.from, treeNamed(tree) !== undefined);
  return { snapshot, tree, registries: registriesOptions(values), output: outputOptions(values) };
}

/** Throws USAGE for flags of a snapshot where none is asked for: nobody would notice that they do nothing. */
export function refuseSnapshotFlags({ values }: ParsedCip, isReplication: boolean): void {
  const found = SNAPSHOT_FLAGS.find((flag) => String(values[flag.name]) !== flag.default);
  if (found === undefined) return;
  if (isReplication) throw usage(`--${found.name} replicates nothing`, 'take snapshots with `kpromo cip`');
  throw usage(
    `--${found.name} has no meaning without a snapshot`,
    'name the registry with --snapshot or --manifest-based-snapshot-of, or leave it out',
  );
}

/** What writes, scans, or looks at a part of the manifests, has no place beside a snapshot. */
const CONTRADICTIONS: ReadonlySet<string> = new Set([
  'confirm',
  'parse-only',
  'use-prow-manifest-diff',
  'manifest-diff-since',
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
      'a snapshot only reads, and all of it; leave one of them out',
    );
}

function refuseTree(from: SnapshotOptions['from'], hasTree: boolean): void {
  if (from === 'registry' && hasTree)
    throw usage(
      '--snapshot reads the registry and no manifests',
      'leave the manifests out, or write --manifest-based-snapshot-of for what they want',
    );
  if (from === 'manifests' && !hasTree)
    throw usage('--manifest-based-snapshot-of has no manifests', 'name them with --manifests PATH');
}
