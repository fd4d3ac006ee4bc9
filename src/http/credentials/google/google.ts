import type { Clock } from '../../../clock.ts';
import type { Secrets } from '../../../secrets/secrets.ts';
import type { Fetch } from '../../fetch.ts';
import { applicationDefault } from './adc.ts';
import { googleToken } from './client.ts';
import { metadataToken } from './metadata.ts';
import type { Credential, CredentialSource } from '../credential.ts';
import { kept, type Perishable } from '../kept.ts';

export type GoogleOptions = {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  /** Is told what the sources hold. */
  readonly secrets?: Pick<Secrets, 'learn' | 'hide'>;
  /** Sends requests with our permits, retries and timeouts, but without credentials. */
  readonly fetch: Fetch;
};

/** The registries that Google runs; whole names, or a look-alike would get our token. */
const HOSTS = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+\.pkg\.dev)$/i;

/**
 * Access tokens for gcr.io and pkg.dev, from the Application Default Credentials: a file, else the metadata server;
 * as the service account that CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT or the file says. Undefined where there are none.
 */
export function google(options: GoogleOptions): CredentialSource {
  const tokens = kept(options.clock, (_key, signal) => obtain(options, signal));
  return async (host, signal, { refused } = {}) => (HOSTS.test(host) ? tokens('', signal, refused) : undefined);
}

async function obtain(options: GoogleOptions, signal: AbortSignal): Promise<Perishable<Credential | undefined>> {
  const file = await applicationDefault(options);
  // Asked even where the file suffices to know: without one, there is a metadata server or nothing.
  const ambient = file === undefined ? await metadataToken(options, signal) : undefined;
  if (file === undefined && ambient === undefined) return { value: undefined, expires: Number.POSITIVE_INFINITY };
  const { token, expires } = await googleToken(options, { file, ambient }, signal);
  const from = file === undefined ? 'the metadata server' : "Google's Application Default Credentials";
  return { value: { kind: 'basic', username: 'oauth2accesstoken', password: token, from }, expires };
}
