import { isLoopback } from './transport/addresses.ts';

/** The host that serves a registry's API where it is not the one in its name. */
const API_HOSTS: ReadonlyMap<string, string> = new Map([
  ['docker.io', 'registry-1.docker.io'],
  ['index.docker.io', 'registry-1.docker.io'],
]);

/** The name under which people know the registry whose API this host serves. */
export function registryName(host: string): string {
  return host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/**
 * Where the registry of this `host[:port]` is reached: over plain HTTP or HTTPS as `insecure` says; where nothing is
 * said, loopback over HTTP and everything else over HTTPS.
 */
export function baseUrl(host: string, insecure?: boolean): URL {
  const name = host.toLowerCase();
  const url = new URL(`https://${API_HOSTS.get(name) ?? name}`);
  // Built anew rather than changed: `https:` drops an explicit `:443`, which over HTTP is not the default.
  return (insecure ?? isLoopback(url.hostname)) ? new URL(`http://${name}`) : url;
}
