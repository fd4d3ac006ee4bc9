import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import { BASELINE_FLAGS, baselineOptions, type BaselineOptions } from '../baseline.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, outputOptions, WATCH_FLAGS, type OutputOptions, formatFlag } from '../output.ts';
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
import { parseSince } from '../since.ts';
import { ALLOW_FLAGS, TREE_FLAGS, treeNamed, treeOptions, type SourceOptions } from '../source.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

/** The parts of production that are compared. */
const COMPARE_FLAGS = [
  {
    name: 'since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Compare only what the tree added in Git since this time: an age (14d, 336h, "14 days") or a date (2026-01-31). What no manifest names is then not looked for.',
  },
  {
    name: 'sign',
    type: 'bool',
    default: 'true',
    help: 'Expect signatures and promotion records on the primary registry.',
  },
  {
    name: 'attestations-since',
    type: 'string',
    default: '14d',
    value: 'TIME',
    help: 'Expect promotion records only of images that were uploaded since then: a date (2026-01-31) or an age (14d). Each costs one request. Images of registries that list no upload times are always included.',
  },
  {
    name: 'other-repositories',
    type: 'bool',
    default: 'true',
    help: 'Look for repositories below the destinations that no manifest names. With =false, only the repositories of the tree are compared.',
  },
  {
    name: 'untagged',
    type: 'bool',
    default: 'false',
    help: 'Also look for manifests without a tag that no manifest names. Reads each index for its platforms, and each other manifest without a tag.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo audit`. */
export const AUDIT = {
  run: [...COMPARE_FLAGS, ...BASELINE_FLAGS, RETRY_FLAG],
  source: [...TREE_FLAGS, ...ALLOW_FLAGS, ...SHARD_FLAGS],
  registries: [...REGISTRY_FLAGS, ...PRIMARY_FLAGS],
  reports: REPORT_FLAGS,
  output: [formatFlag('audit.schema.json'), ...WATCH_FLAGS, ...COMMON_FLAGS],
} as const satisfies FlagsByTopic;

export const AUDIT_FLAGS = flagsOf(AUDIT);

/** The parsed arguments of `kpromo audit`. */
export type ParsedAudit = ParsedFlags<typeof AUDIT_FLAGS>;

/** The options of `kpromo audit`. */
export type AuditOptions = DivisionOptions & {
  readonly source: SourceOptions;
  readonly detailedExitcode: boolean;
  readonly isSigned: boolean;
  /** A time; `parseSince` reads it. */
  readonly recordsSince: string;
  readonly findsRepositories: boolean;
  readonly judgesUntagged: boolean;
  readonly baseline: BaselineOptions;
  readonly registries: RegistriesOptions;
  readonly primary: PrimaryOptions;
  readonly reports: readonly ReportFile[];
  readonly format: 'text' | 'json';
  readonly output: OutputOptions;
};

/** Returns the options of these flags; throws USAGE. */
export function auditOptions({ values, positional }: ParsedAudit, env: Environment = {}): AuditOptions {
  const [extra] = positional;
  if (extra !== undefined)
    throw usage(`\`kpromo audit\` takes no argument ${goQuote(extra)}`, 'name the manifests with --manifests PATH');
  const tree = treeOptions(values);
  if (treeNamed(tree) === undefined)
    throw usage('no manifests are named', 'name the manifest tree with --manifests PATH');
  const since = timeOption('since', values.since);
  return {
    source: { ...tree, diff: since === undefined ? undefined : { since } },
    ...divisionOf(values, env),
    detailedExitcode: values['detailed-exitcode'],
    isSigned: values.sign,
    recordsSince: timeOption('attestations-since', values['attestations-since']) ?? '14d',
    findsRepositories: values['other-repositories'],
    judgesUntagged: values.untagged,
    baseline: baselineOptions(values, since),
    registries: registriesOptions(values),
    primary: primaryOptions(values),
    reports: reportsOptions(values),
    format: values.output,
    output: outputOptions(values),
  };
}

/** A baseline of one share would accept nothing of the others. */
function divisionOf(values: ParsedAudit['values'], env: Environment): DivisionOptions {
  const division = divisionOptions(values, env);
  const flag = dividedBy(division);
  if (flag !== undefined && values['write-baseline'] !== '')
    throw usage(
      `--write-baseline and ${flag} contradict each other: a baseline accepts the differences of the whole tree`,
      `write the baseline with one run without ${flag}`,
    );
  return division;
}

function timeOption(name: string, text: string): string | undefined {
  if (text === '') return undefined;
  if (parseSince(text, 0) !== undefined) return text;
  throw usage(
    `--${name} ${goQuote(text)}: not a time`,
    'write an age, for example 14d, 336h or "14 days", or a date, for example 2026-01-31',
  );
}
