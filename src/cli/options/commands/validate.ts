import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions, formatFlag } from '../output.ts';
import {
  ALL_TREES_FLAGS,
  ALLOW_FLAGS,
  allowedRegistry,
  DIFF_FLAGS,
  diffOption,
  type SourceOptions,
} from '../source.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** Which commits the tree is compared with. */
const HISTORY_FLAGS = [
  {
    name: 'against',
    type: 'string',
    default: '',
    value: 'REV',
    help: 'Compare with this commit, branch or tag, from where HEAD left it: a tag that another digest had is an error, and old problems are notices.',
  },
  {
    name: 'history',
    type: 'bool',
    default: 'false',
    help: 'Search all commits of the own branch for tags that ever moved. With a diff, moves before its base are notices.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo validate`. */
export const VALIDATE = {
  source: [...ALL_TREES_FLAGS, ...ALLOW_FLAGS, ...DIFF_FLAGS, ...HISTORY_FLAGS],
  output: [formatFlag('validation.schema.json'), ...COMMON_FLAGS],
} as const satisfies FlagsByTopic;

export const VALIDATE_FLAGS = flagsOf(VALIDATE);

/** The command line after `kpromo validate`. */
type ParsedValidate = ParsedFlags<typeof VALIDATE_FLAGS>;

/** The options of `kpromo validate`. */
export type ValidateOptions = {
  /** A plain manifest, a tree, or a folder that contains trees at any depth. */
  readonly source: SourceOptions & { readonly manifests: string };
  /** True if tags that moved in the past are searched for. */
  readonly searchesHistory: boolean;
  readonly format: 'text' | 'json';
  readonly output: LogOptions;
};

/** Reads the flags and the path; throws USAGE. */
export function validateOptions({ values, positional }: ParsedValidate): ValidateOptions {
  const [manifests, extra] = positional;
  if (manifests === undefined) throw usage('no path is given', 'give a tree, a folder with trees, or a plain manifest');
  if (extra !== undefined)
    throw usage(
      `\`kpromo validate\` takes one path; unexpected argument ${goQuote(extra)}`,
      'validate each path with a command of its own',
    );
  return {
    source: {
      manifests,
      allTrees: values['all-trees'],
      manifest: undefined,
      thinManifestDir: undefined,
      allowRegistries: values['allow-registry'].map(allowedRegistry),
      diff: againstOption(values),
    },
    searchesHistory: values.history,
    format: values.output,
    output: logOptions(values),
  };
}

/** Reads what the tree is compared with; throws USAGE. */
function againstOption(values: ParsedValidate['values']): SourceOptions['diff'] {
  const diff = diffOption(values);
  const revision = values.against;
  if (revision === '') return diff;
  if (diff !== undefined)
    throw usage(
      `--against and --${diff === 'prow' ? 'use-prow-manifest-diff' : 'manifest-diff-since'} exclude each other`,
      'leave one of them out',
    );
  return { revision };
}
