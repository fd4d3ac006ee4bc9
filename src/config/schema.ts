import { REGISTRY_CONFIG } from './rules.ts';

/** The JSON schema of the registry configuration, made from the rules that read it. */
export function registryConfigSchema(): string {
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The registry configuration of kpromo (--registry-config)',
  };
  return `${JSON.stringify({ ...head, ...REGISTRY_CONFIG.schema }, null, 2)}\n`;
}
