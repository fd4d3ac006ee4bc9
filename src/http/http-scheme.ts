import { isLoopback } from './transport/addresses.ts';

/** Registries whose API is served by a host other than the one in their name. */
const API_HOSTS: ReadonlyMap<string, string> = new Map([
  ['docker.io', 'registry-1.docker.io'],
  ['index.docker.io', 'registry-1.docker.io'],
]);

/** Returns the registry name whose API this host serves. */
export function registryName(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/**
 * Returns the base address of the registry at this `host[:port]`. `insecure` chooses plain HTTP or HTTPS. Default: HTTP
 * for loopback, HTTPS for all other hosts.
 */
export function baseUrl(host: string, insecure?: boolean): URL {
  const name = host.toLowerCase();
  const url = new URL(`https://${API_HOSTS.get(name) ?? name}`);
  // A new URL rather than a changed one: changing to `https:` first would drop an explicit `:443`, which is not the
  // default for HTTP.
  return (insecure ?? isLoopback(url.hostname)) ? new URL(`http://${name}`) : url;
}
