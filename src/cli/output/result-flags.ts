import { redactText } from '../../http/redact.ts';
import { AUDIT } from '../options/commands/audit.ts';
import { CIP } from '../options/commands/cip.ts';
import { flagsOf, type FlagsByTopic } from '../options/commands/command.ts';
import { SIGCHECK } from '../options/commands/sigcheck.ts';
import { parseFlags } from '../options/flags/parse-flags.ts';

const COMMANDS = { cip: CIP, replicate: CIP, sigcheck: SIGCHECK, audit: AUDIT } as const satisfies Record<
  string,
  FlagsByTopic
>;

/** Flags that do not change the result: which share, where the tree is, and how fast the run may be. */
const NO_EFFECT: ReadonlySet<string> = new Set([
  'shard',
  'processes',
  // the report has the commit and a digest of the tree
  'manifests',
  'manifest',
  'thin-manifest-dir',
  'threads',
  'max-signature-copies',
  'max-signature-ops',
  'max-image-size',
  'max-wait',
  'timeout',
  'retries',
  'limiter',
  // the report says what was believed
  'inventory-cache',
  'verify-all',
  'detailed-exitcode',
]);

/**
 * Returns the flags and arguments that change the result of a run, sorted and without possible secrets: the same text
 * however they were written. Omits those with their default value.
 */
export function resultFlags(command: keyof typeof COMMANDS, argv: readonly string[]): readonly string[] {
  const { reports: _reports, output: _output, ...topics }: FlagsByTopic = COMMANDS[command];
  const all = flagsOf<FlagsByTopic>(COMMANDS[command]);
  const { values, positional } = parseFlags(all, argv);
  const usual = parseFlags(all, []).values;
  const flags = flagsOf<FlagsByTopic>(topics)
    .filter(({ name }) => !NO_EFFECT.has(name))
    .flatMap(({ name }) => {
      const value = values[name];
      if (value === undefined || String(value) === String(usual[name])) return [];
      return (typeof value === 'object' ? value : [value]).map((one) => `--${name}=${one}`);
    });
  const words = positional.slice(positional[1] === 'replicate-signatures' ? 2 : 1);
  return [...flags, ...words].map(withoutSecrets).toSorted();
}

/** Replaces possible secrets in a word of the command line by `…`. */
export function withoutSecrets(word: string): string {
  return redactText(word.replaceAll(/\b([a-z][\w+.-]*:\/\/)[^/\s@]*@/gi, '$1…@'));
}
