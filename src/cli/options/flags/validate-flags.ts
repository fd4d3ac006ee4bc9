import type { Flag } from './flag.ts';
import { DIFF_FLAGS, MANIFEST_FLAGS, REGISTRY_FLAGS } from './source-flags.ts';

/** The flags of `kpromo validate`. */
export const VALIDATE_FLAGS = [
  {
    name: 'output',
    type: 'string',
    default: 'text',
    value: 'FORMAT',
    choices: ['text', 'json'],
    help: 'How problems are printed to stdout: text for people, or json as schemas/validation.schema.json says.',
  },
  MANIFEST_FLAGS[1],
  ...DIFF_FLAGS,
  REGISTRY_FLAGS[0],
] as const satisfies readonly Flag[];
