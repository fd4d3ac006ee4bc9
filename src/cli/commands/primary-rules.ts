import type { RegistryConfig } from '../../config/config.ts';
import type { PrimaryRules } from '../../phases/setup/check-primary.ts';
import type { SigningOptions } from '../options/signing.ts';

type Options = {
  readonly signing: Pick<SigningOptions, 'primaryRegistry'>;
  readonly sign?: boolean;
  readonly acceptPrimaryChange?: boolean;
};

/** What the flags and the registry configuration say of the primary registry; the flag goes first. */
export function primaryRules(
  { signing: { primaryRegistry }, sign = true, acceptPrimaryChange = false }: Options,
  { primary, publicNames, attachments }: Pick<RegistryConfig, 'primary' | 'publicNames' | 'attachments'>,
): PrimaryRules {
  const chosen = primaryRegistry ?? primary;
  return {
    ...(chosen !== undefined && { chosen }),
    isFlag: primaryRegistry !== undefined,
    publicNames,
    attachments,
    refusesChanges: sign && !acceptPrimaryChange,
  };
}
