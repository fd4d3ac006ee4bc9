import { createHash } from 'node:crypto';
import { environmentProxy } from '../http/transport/environment-proxy.ts';
import type { RegistryConfig } from './config.ts';

/**
 * Returns a digest of the settings that decide which server a registry name leads to, and what it shows. It contains no
 * secret.
 */
export function reachOf(
  { registries }: Pick<RegistryConfig, 'registries'>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const rows = registries.map(({ match, kind, insecure, ca, proxy, credentials, listing }) => [
    match.text,
    ...[kind, insecure, ca, credentials, listing].map((one) => one ?? null),
    proxy instanceof URL ? proxy.origin : (proxy ?? null),
  ]);
  const proxyFor = environmentProxy({ ...env, NO_PROXY: '', no_proxy: '' });
  // Any host that is not loopback shows the proxies.
  const proxies = ['https', 'http'].map((scheme) => proxyFor(new URL(`${scheme}://registry.invalid`))?.origin ?? null);
  const exempt = env['NO_PROXY'] || env['no_proxy'] || '';
  return digestOf([rows, proxies, exempt]);
}

/** Returns a digest of the settings that decide how many requests a registry gets, or admits. It contains no secret. */
export function limitsDigest(
  config: Pick<RegistryConfig, 'registries'>,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const rows = config.registries.map(({ match, limits = {} }) => [
    match.text,
    Object.entries(limits).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  return digestOf([reachOf(config, env), rows]);
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}
