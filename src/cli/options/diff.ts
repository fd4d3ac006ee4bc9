import { parseAge, parseSince } from './since.ts';
import type { CipOptions } from './cip.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import type { DIFF_FLAGS } from './flags/source-flags.ts';
import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';

type Values = FlagValues<typeof DIFF_FLAGS> & {
  readonly 'repair-since': string;
  readonly 'staging-retention': string;
};

/** How far back a run looks, by its flags; throws USAGE. */
export function diffOptions(values: Values): Pick<CipOptions, 'diff' | 'repairSince' | 'stagingRetention'> {
  return {
    ...diffOption(values),
    repairSince: repairAge(values['repair-since']),
    ...retention(values['staging-retention']),
  };
}

/** What the manifests are compared with, by the flags; throws USAGE. */
export function diffOption(values: FlagValues<typeof DIFF_FLAGS>): Pick<CipOptions, 'diff'> {
  const since = values['manifest-diff-since'];
  if (values['use-prow-manifest-diff'] && since !== '')
    throw usage('--use-prow-manifest-diff and --manifest-diff-since contradict each other', 'leave one of them out');
  if (values['use-prow-manifest-diff']) return { diff: 'prow' };
  if (since === '') return {};
  if (parseSince(since, 0) === undefined)
    throw usage(
      `--manifest-diff-since does not understand ${goQuote(since)}`,
      'write an age, for example 14d, 336h or "14 days", or a date, for example 2026-01-31 or 2026-01-31T12:00:00Z',
    );
  return { diff: { since } };
}

function repairAge(text: string): number | 'all' {
  const age = text === 'all' ? text : parseAge(text);
  if (age !== undefined) return age;
  throw usage(`--repair-since does not understand ${goQuote(text)}`, 'write an age, for example 14d or 336h, or all');
}

function retention(text: string): Pick<CipOptions, 'stagingRetention'> {
  if (text === '') return {};
  const age = parseAge(text);
  if (age !== undefined) return { stagingRetention: age };
  throw usage(`--staging-retention does not understand ${goQuote(text)}`, 'write an age, for example 90d');
}
