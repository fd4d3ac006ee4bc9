import { cipOptions, type CipOptions, type ParsedCip } from './cip.ts';
import { COMMON_FLAGS } from './flags/cip-flags.ts';
import { isTakenInReplication } from './flags/replicate-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';

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
  refuseUnfit(parsed);
  return { ...cipOptions(parsed), copies: values['max-signature-copies'] };
}

/** A flag that does nothing here was meant for something. */
function refuseUnfit({ given }: ParsedCip): void {
  const common = new Set<string>(COMMON_FLAGS.map(({ name }) => name));
  const unfit = [...given].find((name) => !isTakenInReplication(name) && !common.has(name));
  if (unfit !== undefined)
    throw usage(`--${unfit} does nothing in a replication`, 'leave it out; `kpromo help replicate` lists its flags');
}
