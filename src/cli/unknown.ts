import { PromotionError } from '../errors.ts';
import { goQuote } from '../text/go-quote.ts';
import { nearestOf } from '../text/nearest.ts';
import type { Flag } from './options/flags/flag.ts';

const DOCKER_CONFIG =
  'credentials come from the Docker configuration; run `docker login` or set DOCKER_CONFIG, and omit the flag';
const POLICY = 'the provenance policy of each project replaces it (docs/policy.md); omit the flag';

/** Flags that upstream removed, with what to do instead. */
export const REMOVED_FLAGS: ReadonlyMap<string, string> = new Map([
  ['key-files', DOCKER_CONFIG],
  ['snapshot-service-account', DOCKER_CONFIG],
  ['use-service-account', DOCKER_CONFIG],
  ['json-log-summary', 'the summary at the end of each run replaces it; omit the flag'],
  ['require-provenance', POLICY],
  ['allowed-builders', POLICY],
  ['allowed-source-repos', POLICY],
  ['generate-promotion-provenance', 'a promotion record is written with each signature (--sign); omit the flag'],
  ['use-legacy-pipeline', 'there is only one pipeline; omit the flag'],
]);

/** Flags of other tools, with their replacement here. */
export const FOREIGN_FLAGS: ReadonlyMap<string, string> = new Map([
  ['version', '`kpromo version` prints the version'],
  ['quiet', 'use --log-level=error and --progress=off'],
  ['verbose', 'write --log-level=debug'],
  ['no-color', 'set NO_COLOR=1'],
  ['authfile', 'set REGISTRY_AUTH_FILE (docs/credentials.md)'],
  ['insecure', 'set `insecure` or `ca` of the registry in a file for --registry-config (docs/registry-config.md)'],
  ['tls-verify', 'set `ca` of the registry in a file for --registry-config (docs/registry-config.md)'],
]);

/** Commands of upstream that this program does not have, with what to use instead. */
export const FOREIGN_COMMANDS: ReadonlyMap<string, string> = new Map([
  [
    'run',
    'kpromo promotes images, not files: copy files with the tool of your bucket, for example `gcloud storage rsync`',
  ],
  [
    'run files',
    'kpromo promotes images, not files: copy files with the tool of your bucket, for example `gcloud storage rsync`',
  ],
  ['manifest', 'image manifests are checked with `kpromo cip --parse-only --manifests PATH`'],
  ['manifest files', 'kpromo has no file manifests: list the hashes of files with `sha256sum`'],
  ['manifest validate', 'image manifests are checked with `kpromo cip --parse-only --manifests PATH`'],
  ['gh', 'fetch release assets with `gh release download` and copy them with the tool of your bucket'],
]);

/** Creates a USAGE error: one sentence, and a hint with what to type instead. */
export function usage(message: string, hint?: string): PromotionError {
  return new PromotionError('USAGE', message, hint === undefined ? {} : { hint });
}

/**
 * Returns the error for a flag that is not among `known`: removed, of another tool, or mistyped. Never suggests a flag
 * that writes.
 */
export function unknownFlag(name: string, known: readonly Flag[]): PromotionError {
  const removed = REMOVED_FLAGS.get(name);
  if (removed !== undefined) return usage(`--${name} was removed`, removed);
  const offered = known.filter(({ hidden, writes }) => hidden !== true && writes !== true).map((flag) => flag.name);
  const near = nearestOf(name, offered);
  const hint = near === undefined ? FOREIGN_FLAGS.get(name) : `did you mean --${near}?`;
  return usage(`unknown flag: --${name}`, hint ?? '--help=all lists all flags');
}

/** Returns the error for words (a command and its subcommand) that are not among `known`, with what to type instead. */
export function unknownCommand(words: readonly string[], known: readonly string[]): PromotionError {
  const [name = '', sub = ''] = words;
  for (const command of [`${name} ${sub}`, name]) {
    const instead = FOREIGN_COMMANDS.get(command);
    if (instead !== undefined) return usage(`kpromo has no command ${goQuote(command)}`, instead);
  }
  const near = nearestOf(name, known);
  return usage(
    `unknown command ${goQuote(name)} for "kpromo"`,
    near === undefined ? '`kpromo help` lists all commands' : `did you mean \`kpromo ${near}\`?`,
  );
}
