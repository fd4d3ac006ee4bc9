import type { Flag } from './options.ts';
import { REPORT_FLAGS } from './report-flags.ts';
import { CERTIFICATE_FLAGS, SIGNER_FLAGS } from './signing-flags.ts';
import { MANIFEST_FLAGS, REGISTRY_FLAGS } from './source-flags.ts';
import { WATCH_FLAGS } from './watch-flags.ts';

/** The flags of `kpromo sigcheck`; names, types and defaults that upstream has are upstream's. */
export const SIGCHECK_FLAGS = [
  ...MANIFEST_FLAGS,
  {
    name: 'confirm',
    type: 'bool',
    default: 'false',
    writes: true,
    help: 'Repair what is wrong: sign and record on the primary, and copy to the mirrors. Without it nothing is written.',
  },
  {
    name: 'from-days',
    type: 'int',
    default: '5',
    min: 1,
    value: 'DAYS',
    help: 'Check what was uploaded to the primary no longer ago. Where registries do not tell, and for references that are named, age does not matter.',
  },
  {
    name: 'to-days',
    type: 'int',
    default: '0',
    min: 0,
    example: '1',
    value: 'DAYS',
    help: 'Leave out what was uploaded later than so long ago.',
  },
  {
    name: 'attestations-since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Demand promotion records only of what was uploaded since then: a date (2026-01-31) or an age (14d). Without it of everything that is checked.',
  },
  {
    name: 'limit',
    type: 'int',
    default: '0',
    min: 0,
    example: '100',
    value: 'N',
    help: 'Largest number of digests to check; 0 is no limit.',
  },
  ...CERTIFICATE_FLAGS,
  ...SIGNER_FLAGS,
  ...REGISTRY_FLAGS,
  ...REPORT_FLAGS,
  ...WATCH_FLAGS,
] as const satisfies readonly Flag[];
