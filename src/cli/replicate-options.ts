import { cipOptions, copiesOf, type CipOptions, type ParsedCip } from './cip-options.ts';
import { goQuote } from './go-quote.ts';
import { usage } from './removed.ts';

/** What replication was asked to do. */
export type ReplicateOptions = CipOptions & {
  /** What is copied at once; at least 1. */
  readonly copies: number;
};

/** The options that these flags of `cip` mean for replication, without the word that names it; throws USAGE. */
export function replicateOptions(parsed: ParsedCip): ReplicateOptions {
  const { values, positional, given } = parsed;
  const [word] = positional;
  if (word !== undefined)
    throw usage(`\`kpromo replicate\` takes no argument ${goQuote(word)}`, 'name the manifests with --manifests PATH');
  if (given.has('parse-only') && values['parse-only'])
    throw usage('--parse-only replicates nothing', 'check manifests with `kpromo cip --parse-only`');
  const copies = copiesOf(values['max-signature-copies']);
  // Whether to sign is not asked here: --sign=false is how old jobs switch replication off.
  const options = cipOptions({ ...parsed, values: { ...values, sign: false, 'replicate-signatures': false } });
  return { ...options, sign: values.sign, copies };
}
