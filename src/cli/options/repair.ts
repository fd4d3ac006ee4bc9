import { goQuote } from '../../text/go-quote.ts';
import { usage } from '../unknown.ts';
import type { Flag } from './flags/flag.ts';
import type { FlagValues } from './flags/parse-flags.ts';
import { parseAge } from './since.ts';

/** Flags for completing images of earlier runs. */
export const REPAIR_FLAGS = [
  {
    name: 'repair-since',
    type: 'string',
    default: '14d',
    value: 'AGE',
    help: 'Also sign and record images of earlier runs that have no signature or record, if their entry or upload is at most this old (14d, 336h, or "all"). Images that this run copies or tags are always included.',
  },
  {
    name: 'staging-retention',
    type: 'string',
    default: '',
    value: 'AGE',
    help: 'The age at which staging deletes images (90d), to report how long a repair is possible. Default: 90 days for the staging registries of Kubernetes, unknown for others.',
  },
] as const satisfies readonly Flag[];

/** The repair window, and the retention of staging. */
export type RepairOptions = {
  /** Milliseconds; images that are not older are checked and completed. */
  readonly since: number | 'all';
  /** Milliseconds after upload at which staging deletes an image, if it does. */
  readonly stagingRetention: number | undefined;
};

/** Reads the flags; throws USAGE for an invalid age. */
export function repairOptions(values: FlagValues<typeof REPAIR_FLAGS>): RepairOptions {
  const { 'repair-since': since, 'staging-retention': retention } = values;
  return {
    since: since === 'all' ? since : ageIn('repair-since', since, 'use an age, for example 14d or 336h, or all'),
    stagingRetention:
      retention === '' ? undefined : ageIn('staging-retention', retention, 'use an age, for example 90d'),
  };
}

function ageIn(name: string, text: string, hint: string): number {
  const age = parseAge(text);
  if (age === undefined) throw usage(`--${name} ${goQuote(text)}: invalid age`, hint);
  return age;
}
