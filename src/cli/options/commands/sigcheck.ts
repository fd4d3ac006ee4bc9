import { parseRef, type AskedRef } from '../../../image/asked-ref.ts';
import { repositoryHint, repositoryProblem } from '../../../image/reference.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, outputOptions, WATCH_FLAGS, type OutputOptions } from '../output.ts';
import {
  PRIMARY_FLAGS,
  primaryOptions,
  registriesOptions,
  REGISTRY_FLAGS,
  type PrimaryOptions,
  type RegistriesOptions,
} from '../registries.ts';
import { REPORT_FLAGS, reportsOptions, type ReportFile } from '../reports.ts';
import { RETRY_FLAG } from '../run.ts';
import { dividedBy, divisionOptions, SHARD_FLAGS, type DivisionOptions, type Environment } from '../shard.ts';
import { SIGNER_FLAGS, signingOptions, type SigningOptions } from '../signing.ts';
import { parseSince } from '../since.ts';
import { ALLOW_FLAGS, TREE_FLAGS, treeNamed, treeOptions, type TreeOptions } from '../source.ts';
import { CERTIFICATE_FLAGS, KEY_FLAGS, ROOT_FLAGS, trustOptions, type TrustOptions } from '../trust.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** The flags of a check and its repair. */
const CHECK_FLAGS = [
  {
    name: 'confirm',
    type: 'bool',
    default: 'false',
    writes: true,
    help: 'Repair: sign and record on the primary, and copy to the mirrors. Without it, nothing is written.',
  },
  {
    name: 'through',
    type: 'string',
    default: '',
    value: 'NAME',
    help: 'Check images through this name (registry.k8s.io), as clients see them, instead of verifying on the registries: follow every link from the tag to the content of attachments, and compare it with the primary.',
  },
  {
    name: 'from-days',
    type: 'int',
    default: '5',
    min: 1,
    value: 'DAYS',
    help: 'Check only images that were uploaded to the primary in the last DAYS days. Does not apply to references on the command line, and to registries that do not list upload times.',
  },
  {
    name: 'to-days',
    type: 'int',
    default: '0',
    min: 0,
    example: '1',
    value: 'DAYS',
    help: 'Do not check images that were uploaded in the last DAYS days; 0 means no limit, not even the clock of this machine.',
  },
  {
    name: 'attestations-since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Require promotion records only for images that were uploaded since then: a date (2026-01-31) or an age (14d). Default: for all checked images.',
  },
  {
    name: 'limit',
    type: 'int',
    default: '0',
    min: 0,
    example: '100',
    value: 'N',
    help: 'The largest number of digests to check; 0 means no limit.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo sigcheck`; names, types and defaults are upstream's if upstream has the flag. */
export const SIGCHECK = {
  run: [...CHECK_FLAGS, RETRY_FLAG],
  source: [...TREE_FLAGS, ...ALLOW_FLAGS, ...SHARD_FLAGS],
  registries: [...REGISTRY_FLAGS, ...PRIMARY_FLAGS],
  signing: [...KEY_FLAGS, ...SIGNER_FLAGS],
  trust: [...CERTIFICATE_FLAGS, ...ROOT_FLAGS],
  reports: REPORT_FLAGS,
  output: [...WATCH_FLAGS, ...COMMON_FLAGS],
} as const satisfies FlagsByTopic;

export const SIGCHECK_FLAGS = flagsOf(SIGCHECK);

/** The command line after `kpromo sigcheck`. */
type ParsedSigcheck = ParsedFlags<typeof SIGCHECK_FLAGS>;

/** The options of `kpromo sigcheck`: at most one manifest source, and references or a source. */
export type SigcheckOptions = DivisionOptions & {
  readonly refs: readonly AskedRef[];
  /** If false, nothing is repaired. */
  readonly confirm: boolean;
  readonly detailedExitcode: boolean;
  /** The name by which clients reach images, if only their view is checked. */
  readonly through: string | undefined;
  readonly fromDays: number;
  readonly toDays: number;
  /** A time for `parseSince`. */
  readonly recordsSince: string | undefined;
  readonly limit: number | undefined;
  readonly tree: TreeOptions;
  readonly registries: RegistriesOptions;
  readonly primary: PrimaryOptions;
  readonly signing: SigningOptions;
  readonly trust: TrustOptions;
  /** Whether only the signatures of `--key` count. */
  readonly isOnlyKey: boolean;
  readonly reports: readonly ReportFile[];
  readonly output: OutputOptions;
};

/** Reads flags and references; throws USAGE. */
export function sigcheckOptions({ values, positional, given }: ParsedSigcheck, env: Environment = {}): SigcheckOptions {
  const tree = treeOptions(values);
  const hasTree = treeNamed(tree) !== undefined;
  if (!hasTree && positional.length === 0)
    throw usage(
      'no references and no manifests are given',
      'give references, or a manifest tree with --manifests PATH',
    );
  const signing = signingOptions({ values: { ...values, sign: true, 'require-identity': true }, given });
  const trust = trustOptions({ values, given });
  return {
    refs: positional.map((text) => reference(text, hasTree)),
    confirm: values.confirm,
    detailedExitcode: values['detailed-exitcode'],
    through: throughOption(values),
    ...daysOptions(values),
    tree,
    ...divisionOf(values, env),
    registries: registriesOptions(values),
    primary: primaryOptions(values),
    signing,
    trust,
    isOnlyKey: trust.key !== undefined && !CERTIFICATE_FLAGS.some(({ name }) => given.has(name)),
    reports: reportsOptions(values),
    output: outputOptions(values),
  };
}

/** A limit selects other digests in each share than in the whole tree. */
function divisionOf(values: ParsedSigcheck['values'], env: Environment): DivisionOptions {
  const division = divisionOptions(values, env);
  const flag = dividedBy(division);
  if (flag !== undefined && values.limit > 0)
    throw usage(
      `--limit and ${flag} contradict each other: a limit counts the digests of the whole run`,
      'omit --limit; shorten the window with --from-days instead',
    );
  return division;
}

function throughOption({ through, confirm }: ParsedSigcheck['values']): string | undefined {
  if (through === '') return undefined;
  if (confirm)
    throw usage(
      '--through and --confirm contradict each other',
      'repair the registries first, then check with --through',
    );
  const problem = repositoryProblem(through);
  if (problem !== undefined)
    throw usage(`--through: ${goQuote(through)} ${problem}`, repositoryHint(through, 'registry.k8s.io'));
  return through;
}

function reference(text: string, hasTree: boolean): AskedRef {
  const ref = parseRef(text);
  const hint = 'write it as host/path:tag or host/path@sha256:…; write a bool as --flag=false';
  if (ref === undefined) throw usage(`${goQuote(text)} is not an image reference`, hint);
  if (hasTree || ref.tag !== undefined || ref.digest !== undefined) return ref;
  throw usage(`${goQuote(text)} has neither tag nor digest`, 'add one, or give a manifest tree with --manifests PATH');
}

function daysOptions(
  values: ParsedSigcheck['values'],
): Pick<SigcheckOptions, 'fromDays' | 'toDays' | 'recordsSince' | 'limit'> {
  const { 'from-days': fromDays, 'to-days': toDays, 'attestations-since': since, limit } = values;
  if (fromDays <= toDays)
    throw usage(
      `--from-days=${fromDays} and --to-days=${toDays} select no day`,
      'set --from-days to a larger number than --to-days',
    );
  if (since !== '' && parseSince(since, 0) === undefined)
    throw usage(
      `--attestations-since ${goQuote(since)}: invalid time`,
      'use a date, for example 2026-01-31, or an age, for example 14d',
    );
  return { fromDays, toDays, recordsSince: since || undefined, limit: limit > 0 ? limit : undefined };
}
