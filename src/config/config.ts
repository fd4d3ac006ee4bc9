import type { WrittenConfig } from './schema.ts';

/** The registry configuration with its files read: certificates and keys are in PEM, durations in milliseconds. */
export type RegistryConfig = Omit<WrittenConfig, 'version'>;

/** Settings of the hosts that a pattern matches. */
export type RegistrySettings = RegistryConfig['registries'][number];

/** Rates are in requests a second. */
export type LimitSettings = NonNullable<RegistrySettings['limits']>;

/** The configuration without a file. */
export const NO_CONFIG: RegistryConfig = { publicNames: [], attachments: [], registries: [] };

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** Returns the settings of the host of an origin; `name` is the name that people use for it, if that differs. */
export function settingsFor(config: RegistryConfig, origin: URL, name = origin.host): RegistrySettings | undefined {
  const { host, hostname, port, protocol } = origin;
  // a pattern may contain the default port
  const names = [name, host, `${hostname}:${port === '' ? DEFAULT_PORTS[protocol] : port}`];
  return config.registries.find(({ match }) => names.some((one) => match.matches(one)));
}
