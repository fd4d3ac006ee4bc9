import type { Flag } from './flag.ts';
import { REPORT_FLAGS } from './report-flags.ts';
import { DIFF_FLAGS, MANIFEST_FLAGS, REGISTRY_FLAGS } from './source-flags.ts';
import { SNAPSHOT_FLAGS } from './snapshot-flags.ts';
import { WATCH_FLAGS } from './watch-flags.ts';

/** Flags of `kpromo cip` that do something else in a replication, and what. */
const OTHER_HELP: Readonly<Record<string, string>> = {
  confirm: 'Copy what is missing. Without it nothing is written to any registry.',
  'dry-run': 'Only say what would be copied; cannot be combined with --confirm.',
  sign: 'With =false nothing is replicated: a job that does not sign has nothing to replicate.',
  'primary-registry':
    'The destination whose signatures are copied to the others, as host[:port][/path] with * and **; goes before the registry configuration.',
};

/** Those that do the same. */
const SHARED: ReadonlySet<string> = new Set([
  ...[...MANIFEST_FLAGS, ...DIFF_FLAGS, ...REGISTRY_FLAGS, ...REPORT_FLAGS, ...WATCH_FLAGS].map(({ name }) => name),
  'max-signature-copies',
  'detailed-exitcode',
]);

/**
 * Flags that change nothing here, and are taken: those of upstream's `cip replicate-signatures`, which old jobs have, and
 * the files that describe a Sigstore, which jobs give to every command. Some are refused for their values.
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

/** The flags of `kpromo replicate`, out of those of `kpromo cip`. */
export function replicateFlags(cip: readonly Flag[]): readonly Flag[] {
  return cip.flatMap((flag) => {
    const help = OTHER_HELP[flag.name];
    if (help !== undefined) return [{ ...flag, help }];
    return SHARED.has(flag.name) ? [flag] : [];
  });
}

/** Whether a flag of `kpromo cip` can stand in a replication, even if it does nothing. */
export function isTakenInReplication(name: string): boolean {
  return name in OTHER_HELP || SHARED.has(name) || IDLE.has(name);
}
