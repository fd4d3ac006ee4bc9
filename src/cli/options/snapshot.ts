import { withoutEndSlashes } from '../../image/end-slashes.ts';
import { canonicalRepository, isTag, repositoryHint, repositoryProblem } from '../../image/reference.ts';
import type { SnapshotFormat } from '../../report/terminal/snapshot.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The values of `--output`; case does not matter. */
const SNAPSHOT_FORMATS = ['yaml', 'csv', 'json'] as const satisfies readonly SnapshotFormat[];

/** Flags of a snapshot, which prints the content of a registry, or of manifests, instead of promoting. */
export const SNAPSHOT_FLAGS = [
  {
    name: 'snapshot',
    type: 'string',
    default: '',
    value: 'REGISTRY',
    help: 'Print the content of host[:port][/path] as a manifest, and promote nothing.',
  },
  {
    name: 'manifest-based-snapshot-of',
    type: 'string',
    default: '',
    value: 'REGISTRY',
    help: 'Print what the manifests want at host[:port][/path], and promote nothing.',
  },
  {
    name: 'snapshot-tag',
    type: 'string',
    default: '',
    value: 'TAG',
    help: 'With --snapshot: only digests with this tag, with all their tags.',
  },
  {
    name: 'minimal-snapshot',
    type: 'bool',
    default: 'false',
    help: 'Omit untagged digests that belong to an index (a manifest list) of the registry from a snapshot.',
  },
  {
    name: 'snapshot-attached',
    type: 'bool',
    default: 'false',
    help: 'Include signatures, attestations and other attachments. By default, a snapshot of a registry omits them.',
  },
  {
    name: 'output',
    type: 'string',
    default: 'yaml',
    value: 'FORMAT',
    choices: SNAPSHOT_FORMATS,
    refusal: 'invalid snapshot output format: ',
    help: 'Format of a snapshot: yaml, csv or json.',
  },
] as const satisfies readonly Flag[];

/** Options of a snapshot. */
export type SnapshotOptions = {
  readonly of: string;
  readonly from: 'registry' | 'manifests';
  /** Only with a snapshot of a registry. */
  readonly tag: string | undefined;
  readonly minimal: boolean;
  readonly attached: boolean;
  readonly format: SnapshotFormat;
};

type Values = FlagValues<typeof SNAPSHOT_FLAGS>;

/** Returns true if a snapshot is requested instead of a promotion. */
export function isSnapshot(values: Values): boolean {
  return values.snapshot !== '' || values['manifest-based-snapshot-of'] !== '';
}

/** Reads the flags if a snapshot is requested; throws USAGE. */
export function snapshotOptions(values: Values): SnapshotOptions {
  if (values.snapshot !== '' && values['manifest-based-snapshot-of'] !== '')
    throw usage('--snapshot and --manifest-based-snapshot-of contradict each other', 'use one of them');
  const from = values.snapshot === '' ? 'manifests' : 'registry';
  const flag = from === 'registry' ? 'snapshot' : 'manifest-based-snapshot-of';
  const tag = values['snapshot-tag'];
  if (tag !== '' && !isTag(tag)) throw usage(`--snapshot-tag: ${goQuote(tag)} is not a valid tag`, 'give one tag');
  return {
    of: registryNamed(flag, values[flag]),
    from,
    tag: tag || undefined,
    minimal: values['minimal-snapshot'],
    attached: values['snapshot-attached'],
    format: values.output,
  };
}

function registryNamed(flag: string, text: string): string {
  const name = withoutEndSlashes(text);
  const problem = repositoryProblem(name);
  if (problem === undefined) return canonicalRepository(name);
  throw usage(`--${flag}: ${goQuote(text)} ${problem}`, repositoryHint(name, 'gcr.io/acme'));
}
