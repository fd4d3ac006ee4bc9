import type { Pattern } from '../image/pattern.ts';
import { allowedRegistry, type CipOptions } from './cip-options.ts';
import { diffOption } from './diff-options.ts';
import type { ParsedFlags } from './flags.ts';
import { goQuote } from './go-quote.ts';
import type { COMMON_FLAGS } from './options.ts';
import { usage } from './removed.ts';
import type { VALIDATE_FLAGS } from './validate-flags.ts';
import { logOptions, type LogOptions } from './watch-options.ts';

/** What `kpromo validate` was asked to do. */
export type ValidateOptions = LogOptions &
  Pick<CipOptions, 'allTrees' | 'diff'> & {
    /** A plain manifest, a tree, or a folder that holds trees deeper down. */
    readonly manifests: string;
    readonly output: 'text' | 'json';
    /** What covers the registries that manifests may name; empty allows every registry. */
    readonly allowRegistries: readonly Pattern[];
  };

/** What was typed after `kpromo validate`. */
export type ParsedValidate = ParsedFlags<readonly [...typeof VALIDATE_FLAGS, ...typeof COMMON_FLAGS]>;

/** The options that these flags and the path mean; throws USAGE. */
export function validateOptions({ values, positional }: ParsedValidate): ValidateOptions {
  const [manifests, extra] = positional;
  if (manifests === undefined)
    throw usage('nothing says what to validate', 'name a tree, a folder that holds trees, or a plain manifest');
  if (extra !== undefined)
    throw usage(`\`kpromo validate\` takes one path, not ${goQuote(extra)} besides`, 'validate one path after another');
  return {
    manifests,
    ...(values['all-trees'] && { allTrees: true }),
    ...diffOption(values),
    output: values.output,
    allowRegistries: values['allow-registry'].map(allowedRegistry),
    ...logOptions(values),
  };
}
