import { isOciAddress, parseOciAddress, type AskedRef } from '../../../image/asked-ref.ts';
import { goQuote } from '../../../text/go-quote.ts';
import { usage } from '../../unknown.ts';
import type { Flag } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse-flags.ts';
import { COMMON_FLAGS, logOptions, type LogOptions } from '../output.ts';
import { registriesOptions, REGISTRY_FLAGS, type RegistriesOptions } from '../registries.ts';
import { REPORT_FLAGS, reportsOptions, type ReportFile } from '../reports.ts';
import { MOST_SHARDS } from '../shard.ts';
import { flagsOf, type FlagsByTopic } from './command.ts';

const WAIT_FLAGS = [
  {
    name: 'wait',
    type: 'duration',
    default: '0s',
    min: 0,
    example: '1h',
    value: 'DURATION',
    help: 'Wait this long for reports that are not there yet, or are left over from another run.',
  },
] as const satisfies readonly Flag[];

/** The flags of `kpromo report merge`. */
export const REPORT = {
  run: WAIT_FLAGS,
  registries: REGISTRY_FLAGS,
  reports: REPORT_FLAGS,
  output: COMMON_FLAGS,
} as const satisfies FlagsByTopic;

export const MERGE_FLAGS = flagsOf(REPORT);

/** The command line after `kpromo report`. */
type ParsedReport = ParsedFlags<typeof MERGE_FLAGS>;

/** A report to read: a path, or an artifact. `text` is as the user wrote it. */
export type ReportSource = { readonly text: string; readonly artifact: AskedRef | undefined };

/** The options of `kpromo report merge`. */
export type MergeOptions = {
  readonly sources: readonly ReportSource[];
  /** Milliseconds. */
  readonly wait: number;
  readonly registries: RegistriesOptions;
  readonly reports: readonly ReportFile[];
  readonly output: LogOptions;
};

/** Reads flags and arguments; throws USAGE. */
export function mergeOptions({ values, positional }: ParsedReport): MergeOptions {
  const [word, ...texts] = positional;
  if (word !== 'merge')
    throw usage(
      word === undefined
        ? '`kpromo report` requires a subcommand'
        : `\`kpromo report\` has no subcommand ${goQuote(word)}`,
      'write kpromo report merge PATH…',
    );
  if (texts.length === 0)
    throw usage(
      'no report is given',
      'give one JSON report for each shard, as a path or as oci://REGISTRY/REPOSITORY:TAG',
    );
  return {
    sources: [...new Set(texts.flatMap(expanded))].map(sourceOf),
    wait: values.wait,
    registries: registriesOptions(values),
    reports: reportsOptions(values),
    output: logOptions(values),
  };
}

function sourceOf(text: string): ReportSource {
  if (!isOciAddress(text)) return { text, artifact: undefined };
  const artifact = parseOciAddress(text);
  if (artifact !== undefined) return { text, artifact };
  throw usage(`${goQuote(text)} is not the address of a report`, 'write oci://REGISTRY/REPOSITORY:TAG');
}

/** Expands `{0..7}` as shells do, for places without a shell, such as the arguments of a container. */
function expanded(text: string): readonly string[] {
  const [whole = '', first = '', last = ''] = /\{(\d{1,4})\.\.(\d{1,4})\}/.exec(text) ?? [];
  if (whole === '') return [text];
  const [from, to] = [Number(first), Number(last)];
  if (to < from || to - from >= MOST_SHARDS)
    throw usage(
      `${goQuote(text)}: ${whole} is not a range of at most ${MOST_SHARDS} shards`,
      'write {0..7} for 8 shards',
    );
  return Array.from({ length: to - from + 1 }, (_, index) => text.replace(whole, String(from + index)));
}
