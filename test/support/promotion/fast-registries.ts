import type { RegistryConfig } from '../../../src/config/config.ts';
import { compilePattern } from '../../../src/image/pattern.ts';

/** Registries of this machine are known to take all that comes: tests of other things need not find that out each time. */
export const KNOWN_TO_BE_FAST: RegistryConfig = {
  publicNames: [],
  attachments: [],
  registries: [{ match: compilePattern('127.0.0.1:*'), limits: { start: 5000, burst: 100 } }],
};

/** The same as a file for `--registry-config`. */
export const KNOWN_TO_BE_FAST_YAML = `version: 1
registries:
- match: "127.0.0.1:*"
  limits: { start: 5000, burst: 100 }
`;
