import type { Flag } from './flag.ts';
import { REGISTRY_FLAGS } from './source-flags.ts';

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
  REGISTRY_FLAGS[0],
] as const satisfies readonly Flag[];
