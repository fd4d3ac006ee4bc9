import { PromotionError } from '../errors.ts';
import { goQuote } from './go-quote.ts';
import { isSlip, nearest } from '../nearest.ts';
import { COMMANDS, type Flag } from './options.ts';

const DOCKER_CONFIG =
  'credentials come from the Docker configuration; run `docker login` or set DOCKER_CONFIG, and leave the flag out';
const POLICY = 'the provenance policy of each project takes its place (docs/policy.md); leave the flag out';

/** Flags that upstream once had and removed, with what to do instead. */
export const REMOVED_FLAGS: ReadonlyMap<string, string> = new Map([
  ['key-files', DOCKER_CONFIG],
  ['snapshot-service-account', DOCKER_CONFIG],
  ['use-service-account', DOCKER_CONFIG],
  ['json-log-summary', 'the summary at the end of each run takes its place; leave the flag out'],
  ['require-provenance', POLICY],
  ['allowed-builders', POLICY],
  ['allowed-source-repos', POLICY],
  ['generate-promotion-provenance', 'a promotion record is written with each signature (--sign); leave the flag out'],
  ['use-legacy-pipeline', 'there is one pipeline only; leave the flag out'],
]);

/** Commands of upstream that this version does not have yet, with the topic that brings them. */
export const LATER_COMMANDS: ReadonlyMap<string, string> = new Map([['pr', 'opening promotion pull requests']]);

/** Commands of upstream that are not part of this program, with what to use instead. */
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

/** Wrong usage, told in one sentence, with what to type instead. */
export function usage(message: string, hint?: string): PromotionError {
  return new PromotionError('USAGE', message, hint === undefined ? {} : { hint });
}

/** Why a flag is not known: removed, or mistyped, with the nearest one that exists. */
export function unknownFlag(name: string, known: readonly Flag[]): PromotionError {
  const removed = REMOVED_FLAGS.get(name);
  if (removed !== undefined) return usage(`--${name} was removed`, removed);
  const visible = known.filter(({ hidden }) => hidden !== true).map((flag) => flag.name);
  const near = nearest(name, visible);
  if (near === undefined) return usage(`unknown flag: --${name}`);
  const hint = isSlip(name, near.distance)
    ? `did you mean --${near.name}?`
    : `the nearest is --${near.name}; --help lists all`;
  return usage(`unknown flag: --${name}`, hint);
}

/** Why `words` (a command and what follows it) name no command of ours, with what to type instead. */
export function unknownCommand(words: readonly string[]): PromotionError {
  const [name = '', sub = ''] = words;
  for (const command of [`${name} ${sub}`, name]) {
    const instead = FOREIGN_COMMANDS.get(command);
    if (instead !== undefined) return usage(`kpromo has no command ${goQuote(command)}`, instead);
    const topic = LATER_COMMANDS.get(command);
    if (topic !== undefined)
      return usage(`\`kpromo ${command}\` is not available in this version`, `it comes with ${topic}`);
  }
  const near = nearest(
    name,
    COMMANDS.map((command) => command.name),
  );
  const slip = near !== undefined && isSlip(name, near.distance);
  return usage(
    `unknown command ${goQuote(name)} for "kpromo"`,
    slip ? `did you mean \`kpromo ${near.name}\`?` : '`kpromo help` lists all commands',
  );
}
