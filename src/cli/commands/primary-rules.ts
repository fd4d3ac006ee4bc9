import type { RegistryConfig } from '../../config/config.ts';
import type { PrimaryRules } from '../../phases/setup/check-primary.ts';
import type { PrimaryOptions } from '../options/registries.ts';

/** Merges what flags and registry configuration say about the primary registry; flags override. */
export function primaryRules(
  { chosen, acceptsChange }: PrimaryOptions,
  { primary, publicNames, attachments }: Pick<RegistryConfig, 'primary' | 'publicNames' | 'attachments'>,
  sign = true,
): PrimaryRules {
  return {
    chosen: chosen ?? primary,
    isFlag: chosen !== undefined,
    publicNames,
    attachments,
    refusesChanges: sign && !acceptsChange,
  };
}
