import { settingsFor, type LimitSettings, type RegistryConfig, type RegistrySettings } from '../../config/config.ts';
import type { CredentialSource } from '../../http/credentials/credential.ts';
import { defaultCredentials, type CredentialSources } from '../../http/credentials/sources.ts';
import { baseUrl, registryName } from '../../http/http-scheme.ts';
import type { SettingsOf } from '../../http/transport/origin-settings.ts';
import type { ProxyFor } from '../../http/transport/environment-proxy.ts';
import type { HostTraits } from '../../registry/roles.ts';
import { serviceLimits, type ServiceLimits } from './service-limits.ts';

/** The settings of hosts, for each layer that needs some. */
export type HostSettings = {
  /** Proxy, certificates and timeouts of an origin. */
  readonly settingsOf: SettingsOf;
  /** The rate limit of an origin. */
  readonly limitsOf: (origin: string) => LimitSettings;
  /** The address of a registry that manifests name. */
  readonly baseUrl: (host: string) => URL;
  readonly traitsOf: (host: string) => HostTraits;
  /** Returns the credential source of each host: the one in the configuration, else the default order. */
  readonly credentials: (sources: CredentialSources) => CredentialSource;
};

/** Reads settings from the configuration, proxies from the environment, and rate limits of signing services. */
export function hostSettings(
  config: RegistryConfig,
  proxyFor: ProxyFor,
  services: Pick<ServiceLimits, 'of'> = serviceLimits(),
): HostSettings {
  const ofOrigin = (origin: URL): RegistrySettings | undefined =>
    settingsFor(config, origin, registryName(origin.host));
  const limitsOf = (origin: string): LimitSettings => ({
    ...services.of(origin),
    ...ofOrigin(new URL(origin))?.limits,
  });
  const ofHost = once((host) => settingsFor(config, baseUrl(host), host));
  return {
    settingsOf: (origin) => {
      const { ca, clientCertificate, timeouts, proxy = proxyFor(origin) } = ofOrigin(origin) ?? {};
      const { concurrency } = limitsOf(origin.origin);
      return {
        ca,
        clientCertificate,
        timeouts,
        connections: concurrency,
        proxy: proxy === 'none' ? undefined : proxy,
      };
    },
    limitsOf,
    baseUrl: once((host) => baseUrl(host, ofHost(host)?.insecure)),
    traitsOf: (host) => {
      const { kind, listing, mount, createRepositories } = ofHost(host) ?? {};
      return { kind, listing, mount, createRepositories };
    },
    credentials: (sources) => {
      const usual = defaultCredentials(sources);
      return (host, signal, query) => {
        const named = ofHost(registryName(host))?.credentials;
        return (named === undefined ? usual : sources[named])(host, signal, query);
      };
    },
  };
}

/** Computes a value once for each host: each request needs it, and manifests name few hosts. */
function once<T>(compute: (host: string) => T): (host: string) => T {
  const known = new Map<string, T>();
  return (host) => {
    const value = known.get(host);
    // Most hosts have no settings.
    if (value !== undefined || known.has(host)) return value as T;
    const computed = compute(host);
    known.set(host, computed);
    return computed;
  };
}
