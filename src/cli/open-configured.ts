import { NO_CONFIG, type RegistryConfig } from '../config/config.ts';
import { loadRegistryConfig } from '../config/load.ts';
import type { CipOptions } from './cip-options.ts';
import type { CommandServices } from './command.ts';
import { openRegistries, type Registries } from './services.ts';

/** Opens registries as the flags and the configuration that they name say; throws CONFIG_INVALID. */
export async function openConfigured(
  { registryConfig, maxWait, limiter }: Pick<CipOptions, 'registryConfig' | 'maxWait' | 'limiter'>,
  { env, clock, narrate, onRates }: Pick<CommandServices, 'env' | 'clock' | 'narrate' | 'onRates'>,
): Promise<{ readonly config: RegistryConfig; readonly registries: Registries }> {
  const config = registryConfig === undefined ? NO_CONFIG : await loadRegistryConfig(registryConfig);
  const shared = limiter !== undefined && { limiter };
  const registries = openRegistries({ env, clock, narrate, random: Math.random, config, maxWait, ...shared });
  onRates?.(() => registries.readings());
  return { config, registries };
}
