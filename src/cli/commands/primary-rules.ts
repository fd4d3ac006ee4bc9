import type { RegistryConfig } from '../../config/config.ts';
import type { PrimaryRules } from '../../phases/setup/check-primary.ts';
import type { PrimaryOptions } from '../options/registries.ts';

/** What the flags and the registry configuration say of the primary registry; the flag goes first. */
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
