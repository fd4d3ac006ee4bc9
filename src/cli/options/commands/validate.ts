import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import {
  ALL_TREES_FLAGS,
  ALLOW_FLAGS,
  allowedRegistry,
  DIFF_FLAGS,
  diffOption,
  type SourceOptions,
} from '../source.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** How problems are printed. */
const FORMAT_FLAGS = [
  {
    name: 'output',
    type: 'string',
    default: 'text',
    value: 'FORMAT',
    choices: ['text', 'json'],
    help: 'How problems are printed to stdout: text for people, or json as schemas/validation.schema.json says.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo validate`. */
export const VALIDATE = {
  source: [...ALL_TREES_FLAGS, ...ALLOW_FLAGS, ...DIFF_FLAGS],
  output: [...FORMAT_FLAGS, ...COMMON_FLAGS],
} as const satisfies FlagsByTopic;

export const VALIDATE_FLAGS = flagsOf(VALIDATE);

/** What was typed after `kpromo validate`. */
export type ParsedValidate = ParsedFlags<typeof VALIDATE_FLAGS>;

/** What `kpromo validate` was asked to do. */
export type ValidateOptions = {
  /** A plain manifest, a tree, or a folder that holds trees deeper down. */
  readonly source: SourceOptions & { readonly manifests: string };
  readonly format: 'text' | 'json';
  readonly output: LogOptions;
};

/** The options that these flags and the path mean; throws USAGE. */
export function validateOptions({ values, positional }: ParsedValidate): ValidateOptions {
  const [manifests, extra] = positional;
  if (manifests === undefined)
    throw usage('nothing says what to validate', 'name a tree, a folder that holds trees, or a plain manifest');
  if (extra !== undefined)
    throw usage(`\`kpromo validate\` takes one path, not ${goQuote(extra)} besides`, 'validate one path after another');
  return {
    source: {
      manifests,
      allTrees: values['all-trees'],
      manifest: undefined,
      thinManifestDir: undefined,
      allowRegistries: values['allow-registry'].map(allowedRegistry),
      diff: diffOption(values),
    },
    format: values.output,
    output: logOptions(values),
  };
}
