import { parseFlags } from './options/flags/parse-flags.ts';
import { goQuote } from '../text/go-quote.ts';
import type { Flag } from './options/flags/flag.ts';
import { ADD_FLAGS, addOptions, type AddOptions } from './options/commands/add.ts';
import { AUDIT_FLAGS, auditOptions, type AuditOptions } from './options/commands/audit.ts';
import { CIP_FLAGS, cipOptions, type CipOptions } from './options/commands/cip.ts';
import { flagsOf, type Command } from './options/commands/command.ts';
import { COMMANDS, ROOT_FLAGS, SHELLS, commandNamed } from './options/commands/index.ts';
import { EXPLAIN_FLAGS, explainOptions, isReference, type ExplainOptions } from './options/commands/explain.ts';
import { IMPORT_COMMAND_FLAGS, importOptions, type ImportOptions } from './options/commands/import.ts';
import { PR_FLAGS, prOptions, type PrOptions } from './options/commands/pr.ts';
import { POLICY_FLAGS, policyOptions, type PolicyOptions } from './options/commands/policy.ts';
import { MERGE_FLAGS, mergeOptions, type MergeOptions } from './options/commands/report.ts';
import { replicateOptions, type ReplicateOptions } from './options/commands/replicate.ts';
import { SIGCHECK_FLAGS, sigcheckOptions, type SigcheckOptions } from './options/commands/sigcheck.ts';
import {
  refuseSnapshotFlags,
  snapshotCommandOptions,
  type SnapshotCommandOptions,
} from './options/commands/snapshot.ts';
import { VALIDATE_FLAGS, validateOptions, type ValidateOptions } from './options/commands/validate.ts';
import { COMMON_FLAGS } from './options/output.ts';
import type { Environment } from './options/shard.ts';
import { isSnapshot } from './options/snapshot.ts';
import { unknownCommand, unknownFlag, usage } from './unknown.ts';

/** A parsed command line. */
export type Request =
  /** `isWhole`: with all flags of the command. */
  | { readonly kind: 'help'; readonly about: Command | undefined; readonly isWhole: boolean }
  | { readonly kind: 'version' }
  | { readonly kind: 'explain'; readonly code: string | undefined }
  | { readonly kind: 'explain-ref'; readonly options: ExplainOptions }
  | { readonly kind: 'completion'; readonly shell: (typeof SHELLS)[number] }
  | { readonly kind: 'cip'; readonly options: CipOptions }
  | { readonly kind: 'snapshot'; readonly options: SnapshotCommandOptions }
  | { readonly kind: 'replicate'; readonly options: ReplicateOptions }
  | { readonly kind: 'validate'; readonly options: ValidateOptions }
  | { readonly kind: 'policy'; readonly options: PolicyOptions }
  | { readonly kind: 'sigcheck'; readonly options: SigcheckOptions }
  | { readonly kind: 'audit'; readonly options: AuditOptions }
  | { readonly kind: 'report'; readonly options: MergeOptions }
  | { readonly kind: 'add'; readonly options: AddOptions }
  | { readonly kind: 'pr'; readonly options: PrOptions }
  | { readonly kind: 'import'; readonly options: ImportOptions };

const NAMES = COMMANDS.map(({ name }) => name);

/** Finds the command in the arguments and parses its flags; throws USAGE. */
export function route(argv: readonly string[], env: Environment = {}): Request {
  const { words, flags, isVersion } = splitCommand(argv);
  const [name] = words;
  if (isVersion) return { kind: 'version' };
  if (name === undefined) return { kind: 'help', about: undefined, isWhole: true };
  if (name === 'cip' || name === 'replicate') return routeCip(name, flags, env);
  if (name === 'sigcheck') return routeSigcheck(flags, env);
  if (name === 'audit') return routeAudit(flags, env);
  if (name === 'report') return routeReport(flags);
  if (name === 'policy') return routePolicy(flags);
  if (name === 'validate') return routeValidate(flags);
  if (name === 'explain') return routeExplain(flags);
  if (name === 'add') return routeAdd(flags);
  if (name === 'pr') return routePr(flags);
  if (name === 'import') return routeImport(flags);
  const command = commandNamed(name);
  if (command === undefined) throw unknownCommand(words, NAMES);
  const { values, positional } = parseFlags(COMMON_FLAGS, flags);
  if (values.help !== false) return helpOn(command, values.help);
  return routeSmall(command, positional);
}

function helpOn(about: Command | undefined, asked: true | 'all'): Request {
  return { kind: 'help', about, isWhole: asked === 'all' };
}

/** Upstream's name for replication is a word after `cip`; its flags are those of `cip`. */
function routeCip(name: 'cip' | 'replicate', argv: readonly string[], env: Environment): Request {
  const parsed = parseFlags(CIP_FLAGS, argv);
  const isWord = name === 'cip' && parsed.positional[0] === 'replicate-signatures';
  if (name === 'cip' && !isWord) {
    if (parsed.values.help !== false) return helpOn(commandNamed('cip'), parsed.values.help);
    if (isSnapshot(parsed.values)) return { kind: 'snapshot', options: snapshotCommandOptions(parsed) };
    refuseSnapshotFlags(parsed, false);
    return { kind: 'cip', options: cipOptions(parsed, env) };
  }
  if (parsed.values.help !== false) return helpOn(commandNamed('replicate'), parsed.values.help);
  refuseSnapshotFlags(parsed, true);
  const positional = parsed.positional.slice(isWord ? 1 : 0);
  return { kind: 'replicate', options: replicateOptions({ ...parsed, positional }, env) };
}

function routeSigcheck(argv: readonly string[], env: Environment): Request {
  const parsed = parseFlags(SIGCHECK_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('sigcheck'), parsed.values.help);
  return { kind: 'sigcheck', options: sigcheckOptions(parsed, env) };
}

function routeAudit(argv: readonly string[], env: Environment): Request {
  const parsed = parseFlags(AUDIT_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('audit'), parsed.values.help);
  return { kind: 'audit', options: auditOptions(parsed, env) };
}

function routeReport(argv: readonly string[]): Request {
  const parsed = parseFlags(MERGE_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('report'), parsed.values.help);
  return { kind: 'report', options: mergeOptions(parsed) };
}

function routeValidate(argv: readonly string[]): Request {
  const parsed = parseFlags(VALIDATE_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('validate'), parsed.values.help);
  return { kind: 'validate', options: validateOptions(parsed) };
}

function routeAdd(argv: readonly string[]): Request {
  const parsed = parseFlags(ADD_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('add'), parsed.values.help);
  return { kind: 'add', options: addOptions(parsed) };
}

function routePr(argv: readonly string[]): Request {
  const parsed = parseFlags(PR_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('pr'), parsed.values.help);
  return { kind: 'pr', options: prOptions(parsed) };
}

function routeImport(argv: readonly string[]): Request {
  const parsed = parseFlags(IMPORT_COMMAND_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('import'), parsed.values.help);
  return { kind: 'import', options: importOptions(parsed) };
}

function routePolicy(argv: readonly string[]): Request {
  const parsed = parseFlags(POLICY_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('policy'), parsed.values.help);
  return { kind: 'policy', options: policyOptions(parsed) };
}

function routeExplain(argv: readonly string[]): Request {
  const parsed = parseFlags(EXPLAIN_FLAGS, argv);
  if (parsed.values.help !== false) return helpOn(commandNamed('explain'), parsed.values.help);
  if (isReference(parsed)) return { kind: 'explain-ref', options: explainOptions(parsed) };
  const [code, extra] = parsed.positional;
  if (extra !== undefined) throw usage(`\`kpromo explain\` takes no argument ${goQuote(extra)}`, 'leave it out');
  return { kind: 'explain', code };
}

function routeSmall(command: Command, positional: readonly string[]): Request {
  const [word, extra] = positional;
  const surplus = command.argument === undefined ? word : extra;
  if (surplus !== undefined) throw usage(`\`kpromo ${command.name}\` takes no argument ${goQuote(surplus)}`, 'omit it');
  if (command.name === 'version') return { kind: 'version' };
  if (command.name === 'help') {
    const about = word === undefined ? undefined : commandNamed(word);
    if (word !== undefined && about === undefined) throw unknownCommand(positional, NAMES);
    return { kind: 'help', about, isWhole: true };
  }
  const shell = SHELLS.find((candidate) => candidate === word);
  if (shell !== undefined) return { kind: 'completion', shell };
  const problem = word === undefined ? 'requires the name of a shell' : `does not support the shell ${goQuote(word)}`;
  throw usage(`\`kpromo completion\` ${problem}`, `use one of ${SHELLS.join(', ')}`);
}

type SplitCommand = {
  readonly words: readonly string[];
  readonly flags: readonly string[];
  /** True if the version flag comes before any command. */
  readonly isVersion: boolean;
};

/** Splits the arguments at the command, the first word that is not a flag; only flags of the program precede it. */
function splitCommand(argv: readonly string[]): SplitCommand {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (!word.startsWith('-') || word === '-') {
      const before = argv.slice(0, index);
      const isVersion = parseFlags(ROOT_FLAGS, before).values.version;
      return { words: argv.slice(index), flags: [...before, ...argv.slice(index + 1)], isVersion };
    }
    if (word === '--') break;
    const name = /^--([^=]+)/.exec(word)?.[1];
    const known = ROOT_FLAGS.find((flag: Flag) => flag.name === name);
    if (known === undefined && name !== undefined) throw misplacedFlag(name);
    if (known?.type === 'string' && !word.includes('=')) index += 1;
  }
  const { positional, values } = parseFlags(ROOT_FLAGS, argv);
  return { words: positional, flags: argv, isVersion: values.version };
}

function misplacedFlag(name: string): Error {
  if (!COMMANDS.some(({ flags }) => flagsOf(flags).some((flag) => flag.name === name)))
    return unknownFlag(name, ROOT_FLAGS);
  return usage(`unknown flag: --${name}`, `write the flags of a command after it: kpromo COMMAND --${name}`);
}
