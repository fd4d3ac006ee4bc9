import { isOciAddress, parseOciAddress } from '../../image/asked-ref.ts';
import type { KeptPlace } from '../../kept/open.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { usage } from '../unknown.ts';

/** The flag that distinguishes troubles that may pass. */
export const RETRY_FLAG = {
  name: 'detailed-exitcode',
  type: 'bool',
  default: 'false',
  help: 'Exit with 75 instead of 1 if all problems may pass by themselves (network, quota, a service), so that a retry may help.',
} as const satisfies Flag;

/** Flags of a promotion. */
export const RUN_FLAGS = [
  {
    name: 'confirm',
    type: 'bool',
    default: 'false',
    help: 'Promote. Without it, nothing is written to any registry.',
    writes: true,
  },
  {
    name: 'dry-run',
    type: 'bool',
    default: 'true',
    help: 'Only print what would be promoted; cannot be combined with --confirm.',
  },
  {
    name: 'parse-only',
    type: 'bool',
    default: 'false',
    help: 'Only check the manifests, without network access; cannot be combined with --confirm.',
  },
  {
    name: 'threads',
    type: 'int',
    default: '20',
    min: 1,
    value: 'N',
    help: 'Number of source digests to process concurrently.',
  },
  {
    name: 'tags-last',
    type: 'bool',
    default: 'false',
    help: 'Write tags last, after images are copied by digest, signed, recorded and replicated: every tag that resolves can be verified. Costs one more request per image and mirror.',
  },
  {
    name: 'replicate-signatures',
    type: 'bool',
    default: 'false',
    help: 'With --confirm: after promoting and signing, copy signatures and attestations to the mirrors, as `kpromo replicate` does.',
  },
  {
    name: 'max-signature-copies',
    type: 'int',
    default: '50',
    min: 1,
    value: 'N',
    help: 'Number of signatures and attestations to copy to mirrors concurrently.',
  },
  {
    ...RETRY_FLAG,
    help: `Exit with 2 instead of 0 if images are pending and nothing failed. ${RETRY_FLAG.help}`,
  },
  {
    name: 'max-image-size',
    type: 'int',
    default: '2048',
    value: 'MIB',
    hidden: true,
    help: 'Accepted for old scripts; has no effect.',
  },
] as const satisfies readonly Flag[];

/** Flags of the files that a run leaves for later runs. */
export const CACHE_FLAGS = [
  {
    name: 'inventory-cache',
    type: 'string',
    default: '',
    value: 'PLACE',
    completes: 'directory',
    help: 'A folder, or oci://REGISTRY/REPOSITORY:TAG, in which to remember which mirror repositories were complete. They are not read again for up to 24h unless the manifests change, but for a sample of 2 %. See docs/caching.md.',
  },
  {
    name: 'verify-all',
    type: 'bool',
    default: 'false',
    help: 'With --inventory-cache: read every mirror repository now, and renew the cache.',
  },
] as const satisfies readonly Flag[];

/** Options of the files that a run leaves for later runs. */
export type CacheOptions = {
  readonly place: KeptPlace;
  /** Whether the cache is only written. */
  readonly verifyAll: boolean;
};

/** Reads the flags; throws USAGE for an invalid address, and for --verify-all without a cache. */
export function cacheOptions(values: FlagValues<typeof CACHE_FLAGS>): CacheOptions | undefined {
  const { 'inventory-cache': written, 'verify-all': verifyAll } = values;
  if (written === '') {
    if (verifyAll)
      throw usage('--verify-all requires --inventory-cache', 'omit it: without a cache everything is read');
    return undefined;
  }
  if (!isOciAddress(written)) return { place: { folder: written }, verifyAll };
  const { repository, tag, digest } = parseOciAddress(written) ?? {};
  if (repository === undefined || tag === undefined || digest !== undefined || tag.length > MOST_TAG)
    throw usage(
      `--inventory-cache ${goQuote(written)}: not the address of a tag; expected oci://REGISTRY/REPOSITORY:TAG`,
      `use a tag of at most ${MOST_TAG} characters, from which the tags of the files are derived`,
    );
  return { place: { repository, tag }, verifyAll };
}

/** Names of files are added to the tag, which may have 128 characters. */
const MOST_TAG = 64;

/** Options of a promotion. */
export type RunOptions = {
  /** False means dry run. */
  readonly confirm: boolean;
  readonly parseOnly: boolean;
  /** Source digests processed at once; at least 1. */
  readonly threads: number;
  /** Whether tags are written last, after their images are signed. */
  readonly tagsLast: boolean;
  /** Whether signatures are replicated after the promotion. */
  readonly replicates: boolean;
  /** Signatures and attestations copied to mirrors at once; at least 1. */
  readonly copies: number;
  readonly detailedExitcode: boolean;
};

type Given = {
  readonly values: FlagValues<typeof RUN_FLAGS> & { readonly sign: boolean };
  readonly given: ReadonlySet<string>;
};

/** Reads the flags; throws USAGE for contradictions. */
export function runOptions({ values, given }: Given): RunOptions {
  refuseContradictions(values, given.has('dry-run'));
  return {
    confirm: values.confirm,
    parseOnly: values['parse-only'],
    threads: values.threads,
    tagsLast: values['tags-last'],
    replicates: values['replicate-signatures'],
    copies: values['max-signature-copies'],
    detailedExitcode: values['detailed-exitcode'],
  };
}

function refuseContradictions(values: Given['values'], isDryRunGiven: boolean): void {
  if (isDryRunGiven) {
    if (values.confirm && values['dry-run'])
      throw usage('--confirm and --dry-run contradict each other', 'omit one of them');
    if (!values.confirm && !values['dry-run']) throw usage('--dry-run=false does not promote', 'use --confirm instead');
  }
  if (values.confirm && values['parse-only'])
    throw usage('--confirm and --parse-only contradict each other', 'omit one of them');
  if (values['tags-last'] && !values.sign)
    throw usage(
      '--tags-last and --sign=false contradict each other',
      'omit one of them: --tags-last writes tags after signatures',
    );
  if (values['replicate-signatures'] && !values.sign)
    throw usage('--replicate-signatures and --sign=false contradict each other', 'omit one of them');
}
