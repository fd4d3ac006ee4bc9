import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import { COMMON_FLAGS, WATCH_FLAGS } from '../output.ts';
import { REGISTRY_FLAGS } from '../registries.ts';
import { REPORT_FLAGS } from '../reports.ts';
import { SHARD_FLAGS, type Environment } from '../shard.ts';
import { SNAPSHOT_FLAGS } from '../snapshot.ts';
import { ALLOW_FLAGS, DIFF_FLAGS, TREE_FLAGS } from '../source.ts';
import { CIP, cipOptions, type CipOptions, type ParsedCip } from './cip.ts';
import type { FlagsByTopic } from './command.ts';

/** The help of flags of `kpromo cip` that have another meaning in a replication. */
const OTHER_HELP: Readonly<Record<string, string>> = {
  confirm: 'Copy what is missing. Without it, nothing is written to any registry.',
  'dry-run': 'Only print what would be copied; cannot be combined with --confirm.',
  sign: 'With =false nothing is replicated: a job that does not sign has nothing to replicate.',
  'primary-registry':
    'The destination whose signatures are copied to the others, as host[:port][/path] with * and **; overrides the registry configuration.',
};

/** Flags with the same meaning. */
const SHARED: ReadonlySet<string> = new Set([
  ...[
    TREE_FLAGS,
    ALLOW_FLAGS,
    DIFF_FLAGS,
    SHARD_FLAGS,
    REGISTRY_FLAGS,
    REPORT_FLAGS,
    WATCH_FLAGS,
    COMMON_FLAGS,
  ].flatMap((flags) => flags.map(({ name }) => name)),
  'max-signature-copies',
  'detailed-exitcode',
]);

/**
 * Flags that are accepted without effect: those of upstream's `cip replicate-signatures`, which old jobs pass, and the
 * files that describe a Sigstore, which jobs pass to every command. Some are rejected for their values.
 */
const IDLE: ReadonlySet<string> = new Set([
  ...SNAPSHOT_FLAGS.map(({ name }) => name),
  'certificate-identity',
  'certificate-identity-regexp',
  'certificate-oidc-issuer',
  'certificate-oidc-issuer-regexp',
  'max-image-size',
  'max-signature-ops',
  'parse-only',
  'signer-account',
  'signing-config',
  'trusted-root',
  'vuln-severity-threshold',
]);

/** The flags of `kpromo replicate`, a part of those of `kpromo cip`. */
export const REPLICATE: FlagsByTopic = Object.fromEntries(
  Object.entries<readonly Flag[]>(CIP).map(([topic, flags]) => [topic, flags.flatMap(inReplication)]),
);

function inReplication(flag: Flag): readonly Flag[] {
  const help = OTHER_HELP[flag.name];
  if (help !== undefined) return [{ ...flag, help }];
  return SHARED.has(flag.name) ? [flag] : [];
}

/** The options of a replication. */
export type ReplicateOptions = Pick<
  CipOptions,
  'run' | 'source' | 'shard' | 'processes' | 'registries' | 'primary' | 'signing' | 'reports' | 'output'
>;

/** Reads the flags of `cip` for replication, without the word that names it; throws USAGE. */
export function replicateOptions(parsed: ParsedCip, env: Environment = {}): ReplicateOptions {
  const { values, positional, given } = parsed;
  const [word] = positional;
  if (word !== undefined)
    throw usage(`\`kpromo replicate\` takes no argument ${goQuote(word)}`, 'give the manifests with --manifests PATH');
  if (given.has('parse-only') && values['parse-only'])
    throw usage('--parse-only cannot be combined with replication', 'check manifests with `kpromo cip --parse-only`');
  refuseUnfit(given);
  return cipOptions(parsed, env);
}

/** Throws USAGE for a flag without effect, since the user expected one. */
function refuseUnfit(given: ReadonlySet<string>): void {
  const unfit = [...given].find((name) => !(name in OTHER_HELP) && !SHARED.has(name) && !IDLE.has(name));
  if (unfit !== undefined)
    throw usage(`--${unfit} has no effect in a replication`, 'omit it; `kpromo help replicate` lists its flags');
}
