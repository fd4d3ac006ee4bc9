import { isPromotionError } from '../../errors.ts';
import { compilePattern, type Pattern } from '../../image/pattern.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { parseSince } from './since.ts';

/** The flag that allows several trees. */
export const ALL_TREES_FLAGS = [
  {
    name: 'all-trees',
    type: 'bool',
    default: 'false',
    help: 'Read every tree below --manifests. Without it, a folder that contains several trees is an error.',
  },
] as const satisfies readonly Flag[];

/** Flags with the location of the manifests. */
export const TREE_FLAGS = [
  {
    name: 'manifests',
    type: 'string',
    default: '',
    value: 'PATH',
    completes: 'file',
    help: 'Path of the manifests: a plain manifest, a manifest tree, or a folder that contains a tree.',
  },
  ...ALL_TREES_FLAGS,
  {
    name: 'thin-manifest-dir',
    type: 'string',
    default: '',
    value: 'DIR',
    completes: 'directory',
    help: 'Path of a manifest tree: a folder with images/ and manifests/.',
  },
  {
    name: 'manifest',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Path of a plain manifest.',
  },
] as const satisfies readonly Flag[];

/** The flag that restricts the registries in manifests. */
export const ALLOW_FLAGS = [
  {
    name: 'allow-registry',
    type: 'stringArray',
    default: '',
    value: 'PATTERN',
    help: 'A registry that manifests may name, as host[:port][/path] with * and **; repeatable. Default: every registry is allowed.',
  },
] as const satisfies readonly Flag[];

/** Flags that restrict a run to a diff. */
export const DIFF_FLAGS = [
  {
    name: 'use-prow-manifest-diff',
    type: 'bool',
    default: 'false',
    help: 'Process only changes of a Prow job: since PULL_BASE_SHA in a presubmit or batch, since HEAD^ in a postsubmit (JOB_TYPE).',
  },
  {
    name: 'manifest-diff-since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Process only changes in Git since this time: an age (14d, 336h, "14 days") or a date (2026-01-31).',
  },
] as const satisfies readonly Flag[];

/** The location of the manifests, in at most one flag, and the registries that they may name. */
export type TreeOptions = {
  readonly manifests: string | undefined;
  /** Whether `manifests` may contain several trees. */
  readonly allTrees: boolean;
  readonly manifest: string | undefined;
  readonly thinManifestDir: string | undefined;
  /** Patterns of registries that manifests may name; empty allows every registry. */
  readonly allowRegistries: readonly Pattern[];
};

/** The manifests, and the part of them to process. */
export type SourceOptions = TreeOptions & {
  /** Only the changes of a Prow job, since a time for `parseSince`, or since a revision. Undefined: everything. */
  readonly diff: 'prow' | { readonly since: string } | { readonly revision: string } | undefined;
};

/** Reads the flags; throws USAGE for invalid values and contradictions. */
export function sourceOptions(
  values: FlagValues<typeof TREE_FLAGS> & FlagValues<typeof ALLOW_FLAGS> & FlagValues<typeof DIFF_FLAGS>,
): SourceOptions {
  return { ...treeOptions(values), diff: diffOption(values) };
}

/** Returns the location of the manifests, if any; throws USAGE for several. */
export function treeOptions(values: FlagValues<typeof TREE_FLAGS> & FlagValues<typeof ALLOW_FLAGS>): TreeOptions {
  const { manifests, manifest, 'thin-manifest-dir': thinManifestDir, 'all-trees': allTrees } = values;
  const named = Object.entries({ manifests, manifest, 'thin-manifest-dir': thinManifestDir }).filter(
    ([, path]) => path !== '',
  );
  if (allTrees && manifests === '')
    throw usage('--all-trees requires --manifests', 'give the folder of the trees with --manifests');
  if (named.length > 1)
    throw usage(`${named.map(([name]) => `--${name}`).join(' and ')} contradict each other`, 'use exactly one of them');
  return {
    manifests: manifests || undefined,
    allTrees,
    manifest: manifest || undefined,
    thinManifestDir: thinManifestDir || undefined,
    allowRegistries: values['allow-registry'].map(allowedRegistry),
  };
}

/** Returns the path of the manifests; undefined if none is given. */
export function treeNamed({ manifests, thinManifestDir, manifest }: TreeOptions): string | undefined {
  return manifests ?? thinManifestDir ?? manifest;
}

/** Parses a pattern of `--allow-registry`; throws USAGE. */
export function allowedRegistry(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    throw isPromotionError(error) ? usage(`--allow-registry: ${error.message}`, error.hint) : error;
  }
}

/** Returns what the manifests are compared with; throws USAGE. */
export function diffOption(values: FlagValues<typeof DIFF_FLAGS>): SourceOptions['diff'] {
  const since = values['manifest-diff-since'];
  if (values['use-prow-manifest-diff'] && since !== '')
    throw usage('--use-prow-manifest-diff and --manifest-diff-since contradict each other', 'omit one of them');
  if (values['use-prow-manifest-diff']) return 'prow';
  if (since === '') return undefined;
  if (parseSince(since, 0) === undefined)
    throw usage(
      `--manifest-diff-since ${goQuote(since)}: invalid time`,
      'use an age, for example 14d, 336h or "14 days", or a date, for example 2026-01-31 or 2026-01-31T12:00:00Z',
    );
  return { since };
}
