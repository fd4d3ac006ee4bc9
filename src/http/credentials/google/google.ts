import { applicationDefault } from './adc.ts';
import { googleToken } from './client.ts';
import { metadataToken } from './metadata.ts';
import { sourceFor, type Credential, type CredentialSource } from '../credential.ts';
import { expiringCache, type Expiring } from '../expiring-cache.ts';
import type { GoogleOptions } from './options.ts';

/** Google's registries. Whole names are matched, so that no look-alike gets our token. */
const HOSTS = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+\.pkg\.dev)$/i;

/**
 * Returns a source of access tokens for gcr.io and pkg.dev. It uses the Application Default Credentials: a file, else
 * the metadata server. It impersonates the service account that CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT or the file
 * names. Without credentials it returns undefined.
 */
export function google(options: GoogleOptions): CredentialSource {
  const tokens = expiringCache(options.clock, (_key, signal) => obtain(options, signal));
  return sourceFor(
    (host) => HOSTS.test(host),
    (_host, signal, { refused } = {}) => tokens('', signal, refused),
  );
}

async function obtain(options: GoogleOptions, signal: AbortSignal): Promise<Expiring<Credential | undefined>> {
  const file = await applicationDefault(options);
  // Without a file, only the metadata server is left.
  const ambient = file === undefined ? await metadataToken(options, signal) : undefined;
  if (file === undefined && ambient === undefined) return { value: undefined, expires: Number.POSITIVE_INFINITY };
  const { token, expires } = await googleToken(options, { file, ambient }, signal);
  const from = file === undefined ? 'the metadata server' : "Google's Application Default Credentials";
  return { value: { kind: 'basic', username: 'oauth2accesstoken', password: token, from }, expires };
}
