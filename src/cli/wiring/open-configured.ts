import { NO_CONFIG, type RegistryConfig } from '../../config/config.ts';
import { loadRegistryConfig } from '../../config/load.ts';
import { loginsIn } from '../../secrets/told-secrets.ts';
import type { CommandServices } from '../command.ts';
import type { ReachOptions } from '../options/reach.ts';
import { openRegistries, type Registries } from './registries.ts';

/** Opens registries as the flags and the configuration that they name say; throws CONFIG_INVALID. */
export async function openConfigured(
  {
    registryConfig,
    maxWait,
    timeout,
    retries,
    limiter,
    confirm = false,
  }: ReachOptions & { readonly confirm?: boolean },
  { env, clock, narrate, secrets, onRates }: Pick<CommandServices, 'env' | 'clock' | 'narrate' | 'secrets' | 'onRates'>,
): Promise<{ readonly config: RegistryConfig; readonly registries: Registries }> {
  const config = registryConfig === undefined ? NO_CONFIG : await loadRegistryConfig(registryConfig, secrets);
  for (const { proxy, clientCertificate } of config.registries) {
    if (proxy instanceof URL) loginsIn(proxy.href).forEach(secrets.learn);
    secrets.learn(clientCertificate?.key);
  }
  const registries = openRegistries({
    env,
    clock,
    narrate,
    secrets,
    random: Math.random,
    config,
    maxWait,
    writes: confirm,
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
    ...(limiter !== undefined && { limiter }),
  });
  onRates?.(() => registries.readings());
  return { config, registries };
}
