import type { Flag } from './flag.ts';
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
    name: 'through',
    type: 'string',
    default: '',
    value: 'NAME',
    help: 'Look at images as clients do, by this name (registry.k8s.io), instead of verifying them on the registries: follow every link from the tag to the bytes of what is attached, and compare it with the primary.',
  },
  {
    name: 'from-days',
    type: 'int',
    default: '5',
    min: 1,
    value: 'DAYS',
    help: 'Check only images that were uploaded to the primary in the last DAYS days. Has no effect on references that are named, nor on registries that do not list upload times.',
  },
  {
    name: 'to-days',
    type: 'int',
    default: '0',
    min: 0,
    example: '1',
    value: 'DAYS',
    help: 'Do not check images that were uploaded in the last DAYS days; 0 means no limit, so that what is newer than the clock of this machine is checked, too.',
  },
  {
    name: 'attestations-since',
    type: 'string',
    default: '',
    value: 'TIME',
    help: 'Require promotion records only for images that were uploaded since then: a date (2026-01-31) or an age (14d). Default: for all that are checked.',
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
  ...CERTIFICATE_FLAGS,
  ...SIGNER_FLAGS,
  ...REGISTRY_FLAGS,
  ...REPORT_FLAGS,
  ...WATCH_FLAGS,
] as const satisfies readonly Flag[];
