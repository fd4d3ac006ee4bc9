import type { Shard } from '../../sharding/shard.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** The flags that divide a run. */
export const SHARD_FLAGS = [
  {
    name: 'shard',
    type: 'string',
    default: '',
    value: 'I/N',
    help: 'Process only share I of N of the tree, from 0/N to N-1/N; N runs together do what one run does. Default: JOB_COMPLETION_INDEX of KPROMO_SHARDS, else everything. See docs/sharding.md.',
  },
  {
    name: 'processes',
    type: 'int',
    default: '1',
    min: 1,
    max: 64,
    value: 'N',
    help: 'Divide the run among N processes on this machine. They share rates, and print one log, one report and one summary. Cannot be combined with --shard. See docs/sharding.md.',
  },
] as const satisfies readonly Flag[];

/** The variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The largest number of shards. Every shard reads the whole tree, so more of them gain nothing. */
export const MOST_SHARDS = 1000;

const COUNTED = 'shards are counted from 0';

/** Returns the share of the tree to process, of the flag or the variables of a job; undefined: all. Throws USAGE. */
export function shardOf({ shard }: Pick<FlagValues<typeof SHARD_FLAGS>, 'shard'>, env: Environment): Shard | undefined {
  if (shard !== '') return ofFlag(shard);
  const { KPROMO_SHARDS: of = '', JOB_COMPLETION_INDEX: index = '' } = env;
  if (of === '') return undefined;
  if (index === '')
    throw usage(
      'KPROMO_SHARDS requires JOB_COMPLETION_INDEX',
      'run in an Indexed Job, name the share with --shard, or unset KPROMO_SHARDS',
    );
  // Without the values: a secret may be in the wrong variable.
  return checked(
    'JOB_COMPLETION_INDEX of KPROMO_SHARDS',
    [index, of],
    'set KPROMO_SHARDS to the "completions" of the Indexed Job',
  );
}

/** The options that divide a run. */
export type DivisionOptions = {
  /** Undefined: everything. */
  readonly shard: Shard | undefined;
  /** The number of processes that share the run; 1 means only this one. */
  readonly processes: number;
};

/** Reads the flags; throws USAGE. */
export function divisionOptions(values: FlagValues<typeof SHARD_FLAGS>, env: Environment): DivisionOptions {
  const { processes } = values;
  const shard = shardOf(values, env);
  if (processes > 1 && shard !== undefined) {
    const other = values.shard === '' ? 'KPROMO_SHARDS' : '--shard';
    throw usage(
      `--processes and ${other} contradict each other`,
      'omit one of them: --processes divides the run by itself',
    );
  }
  return { shard, processes };
}

/** Returns the flag that divides a run; undefined if the whole run is in this process. */
export function dividedBy({ shard, processes }: DivisionOptions): '--shard' | '--processes' | undefined {
  if (processes > 1) return '--processes';
  return shard !== undefined && shard.of > 1 ? '--shard' : undefined;
}

function ofFlag(text: string): Shard {
  const [index = '', of = '', ...more] = text.split('/');
  const place = `--shard ${goQuote(text)}`;
  if (more.length > 0) throw usage(`${place}: not a share`, `write I/N; ${COUNTED}: 0/8 to 7/8`);
  return checked(place, [index, of], `write I/N; ${COUNTED}: 0/8 to 7/8`);
}

function checked(place: string, [index, of]: readonly [index: string, of: string], hint: string): Shard {
  const shard = { index: wholeNumber(index), of: wholeNumber(of) };
  if (Number.isNaN(shard.index) || Number.isNaN(shard.of)) throw usage(`${place}: not a share`, hint);
  if (shard.of < 1 || shard.of > MOST_SHARDS)
    throw usage(`${place}: ${shard.of} is not a number of shards from 1 to ${MOST_SHARDS}`, hint);
  if (shard.index >= shard.of) {
    const last = `${shard.of - 1}/${shard.of}`;
    throw usage(`${place}: there is no shard ${shard.index}; ${COUNTED}, and the last is ${last}`, hint);
  }
  return shard;
}

/** Returns NaN for other text; without leading zeros, so that one shard has one name. */
function wholeNumber(text: string): number {
  return /^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : Number.NaN;
}
