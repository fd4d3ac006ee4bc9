import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';

/** Flags of the file with known differences. */
export const BASELINE_FLAGS = [
  {
    name: 'baseline',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Path of a YAML file with differences that are known, each with a reason and a last day; they change no exit code. See docs/auditing.md.',
  },
  {
    name: 'write-baseline',
    type: 'string',
    default: '',
    value: 'FILE',
    completes: 'file',
    help: 'Write a baseline that accepts all differences, for 90 days: the entries of --baseline that are still needed, and new ones whose reasons are to be written. Exits 0.',
  },
] as const satisfies readonly Flag[];

/** The files from which known differences are read and to which they are written. */
export type BaselineOptions = {
  readonly file: string | undefined;
  readonly write: string | undefined;
};

/** Reads the flags; throws USAGE for a baseline of a part of the tree. */
export function baselineOptions(values: FlagValues<typeof BASELINE_FLAGS>, since: string | undefined): BaselineOptions {
  const { baseline, 'write-baseline': write } = values;
  if (write !== '' && since !== undefined)
    throw usage(
      `--write-baseline ${goQuote(write)} and --since contradict each other`,
      'a baseline is for all of production: leave --since out',
    );
  return { file: baseline || undefined, write: write || undefined };
}
