import { withoutEndSlashes } from '../../image/end-slashes.ts';
import { canonicalRepository, isTag, repositoryHint, repositoryProblem } from '../../image/reference.ts';
import type { SnapshotFormat } from '../../report/terminal/snapshot.ts';
import { manifestSource, refusePositional, registryOptions, type ParsedCip } from './cip.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { TreeOptions } from '../wiring/manifests.ts';
import { CIP_FLAGS } from './flags/cip-flags.ts';
import type { ReachOptions } from './reach.ts';
import { usage } from '../unknown.ts';
import { SNAPSHOT_FLAGS } from './flags/snapshot-flags.ts';
import { watchOptions, type WatchOptions } from './watch.ts';

/** Which snapshot `kpromo cip` was asked for; manifests are named exactly where it is of those. */
export type SnapshotOptions = TreeOptions &
  WatchOptions &
  ReachOptions & {
    readonly of: string;
    readonly from: 'registry' | 'manifests';
    /** Taken with a snapshot of a registry only. */
    readonly tag?: string;
    readonly minimal: boolean;
    readonly attached: boolean;
    readonly format: SnapshotFormat;
  };

/** Whether these flags of `kpromo cip` ask for a snapshot, and no promotion. */
export function isSnapshot({ values }: ParsedCip): boolean {
  return values.snapshot !== '' || values['manifest-based-snapshot-of'] !== '';
}

/** The options that these flags mean; throws USAGE for what is wrong or contradicts itself. */
export function snapshotOptions(parsed: ParsedCip): SnapshotOptions {
  const { values } = parsed;
  refusePositional(parsed.positional);
  refuseContradictions(parsed);
  const from = values.snapshot === '' ? 'manifests' : 'registry';
  const flag = from === 'registry' ? 'snapshot' : 'manifest-based-snapshot-of';
  const source = sourceOf(parsed, from);
  const tag = values['snapshot-tag'];
  if (tag !== '' && !isTag(tag)) throw usage(`--snapshot-tag: ${goQuote(tag)} is no tag`, 'name one tag');
  return {
    ...source,
    ...registryOptions(values),
    of: registryNamed(flag, values[flag]),
    from,
    ...(tag !== '' && { tag }),
    minimal: values['minimal-snapshot'],
    attached: values['snapshot-attached'],
    format: values.output,
    ...watchOptions(values),
  };
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
  if (values.snapshot !== '' && values['manifest-based-snapshot-of'] !== '')
    throw usage('--snapshot and --manifest-based-snapshot-of contradict each other', 'write one of them');
}

function sourceOf({ values }: ParsedCip, from: SnapshotOptions['from']): ReturnType<typeof manifestSource> {
  const source = manifestSource(values);
  if (from === 'registry' && source !== undefined)
    throw usage(
      '--snapshot reads the registry and no manifests',
      'leave the manifests out, or write --manifest-based-snapshot-of for what they want',
    );
  if (from === 'manifests' && source === undefined)
    throw usage('--manifest-based-snapshot-of has no manifests', 'name them with --manifests PATH');
  return source;
}

function registryNamed(flag: string, text: string): string {
  const name = withoutEndSlashes(text);
  const problem = repositoryProblem(name);
  if (problem === undefined) return canonicalRepository(name);
  throw usage(`--${flag}: ${goQuote(text)} ${problem}`, repositoryHint(name, 'gcr.io/acme'));
}
