import type { Pattern } from '../../image/pattern.ts';
import { allowedRegistry, type CipOptions } from './cip.ts';
import { diffOption } from './diff.ts';
import type { ParsedFlags } from './flags/parse-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import type { COMMON_FLAGS } from './flags/cip-flags.ts';
import { usage } from '../unknown.ts';
import type { VALIDATE_FLAGS } from './flags/validate-flags.ts';
import { logOptions, type LogOptions } from './watch.ts';

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
