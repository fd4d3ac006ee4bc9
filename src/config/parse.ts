import type { YamlProblem } from '../yaml/document.ts';
import { readFileAs } from '../yaml/read-file.ts';
import type { Located } from '../yaml/schema.ts';
import { jsonSchema } from '../yaml/schema-parts.ts';
import { REGISTRY_CONFIG, type WrittenConfig } from './schema.ts';

/** A configuration as written with the positions of its parts, or its problems. */
type ParsedConfig = Located<WrittenConfig> | { readonly problems: readonly YamlProblem[] };

/** Parses a registry configuration; `file` is its displayed name. Never throws. */
export function parseRegistryConfig(file: string, bytes: Uint8Array): ParsedConfig {
  return readFileAs(REGISTRY_CONFIG, file, bytes, 'the registry configuration');
}

/** Returns the JSON schema of the registry configuration. */
export function registryConfigSchema(): string {
  return jsonSchema(REGISTRY_CONFIG, 'The registry configuration of kpromo (--registry-config)');
}
