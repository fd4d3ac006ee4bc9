import { NO_CONFIG, type RegistryConfig } from '../../config/config.ts';
import { loadRegistryConfig } from '../../config/load.ts';
import { loginsIn } from '../../secrets/find-secrets.ts';
import type { CommandServices } from '../command.ts';
import type { RegistriesOptions } from '../options/registries.ts';
import { openRegistries, type Registries } from './registries.ts';

/** Opens registries with flags and configuration file; throws CONFIG_INVALID. */
export async function openConfigured(
  options: RegistriesOptions,
  {
    env,
    clock,
    narrate,
    secrets,
    onRates,
    peers,
  }: Pick<CommandServices, 'env' | 'clock' | 'narrate' | 'secrets' | 'onRates' | 'peers'>,
  writes = false,
): Promise<{ readonly config: RegistryConfig; readonly registries: Registries }> {
  const { configFile, ...reach } = options;
  const config = configFile === undefined ? NO_CONFIG : await loadRegistryConfig(configFile, secrets);
  for (const { proxy, clientCertificate } of config.registries) {
    if (proxy instanceof URL) loginsIn(proxy.href).forEach(secrets.learn);
    secrets.learn(clientCertificate?.key);
  }
  const given = { ...reach, env, clock, narrate, secrets, peers, random: Math.random, config, writes };
  const registries = openRegistries(given);
  onRates?.(() => registries.readings());
  return { config, registries };
}
