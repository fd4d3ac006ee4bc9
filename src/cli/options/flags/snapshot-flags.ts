import type { SnapshotFormat } from '../../../report/terminal/snapshot.ts';
import type { Flag } from './flag.ts';

/** What `--output` takes, in any case. */
export const SNAPSHOT_FORMATS = ['yaml', 'csv', 'json'] as const satisfies readonly SnapshotFormat[];

/** What `kpromo cip` does instead of promoting: it prints what a registry holds, or shall hold. */
export const SNAPSHOT_FLAGS = [
  {
    name: 'snapshot',
    type: 'string',
    default: '',
    value: 'REGISTRY',
    help: 'Print all that is at and below host[:port][/path], as a manifest would name it, and promote nothing.',
  },
  {
    name: 'manifest-based-snapshot-of',
    type: 'string',
    default: '',
    value: 'REGISTRY',
    help: 'Print all that the manifests want at and below host[:port][/path], and promote nothing.',
  },
  {
    name: 'snapshot-tag',
    type: 'string',
    default: '',
    value: 'TAG',
    help: 'With --snapshot only the digests that have this tag, with all their tags.',
  },
  {
    name: 'minimal-snapshot',
    type: 'bool',
    default: 'false',
    help: 'Leave out of a snapshot what has no tag and belongs to an index (a manifest list) of the registry.',
  },
  {
    name: 'snapshot-attached',
    type: 'bool',
    default: 'false',
    help: 'Include signatures, attestations and other manifests that are attached to images; a snapshot of a registry leaves them out.',
  },
  {
    name: 'output',
    type: 'string',
    default: 'yaml',
    value: 'FORMAT',
    choices: SNAPSHOT_FORMATS,
    refusal: 'invalid snapshot output format: ',
    help: 'How a snapshot is printed: yaml, csv or json.',
  },
] as const satisfies readonly Flag[];
