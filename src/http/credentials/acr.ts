import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Fetch } from '../fetch.ts';
import { fetchJson, form } from './fetch-json.ts';
import { sourceFor, type Credential, type CredentialSource } from './credential.ts';
import { expiringCache, type Expiring } from './expiring-cache.ts';
import { credentialProblem } from './problem.ts';

type AcrOptions = {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Sends requests with our permits, retries and timeouts, but without credentials. */
  readonly fetch: Fetch;
};

/** Registry names contain no dot. Regional data endpoints need no login. */
const HOSTS = /^[a-z0-9][a-z0-9-]{1,62}\.azurecr\.(?:io|cn|us)$/;

/** The sign-in authority of each cloud, by the suffix of the registry's host name. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  io: 'https://login.microsoftonline.com',
  cn: 'https://login.chinacloudapi.cn',
  us: 'https://login.microsoftonline.us',
};

const AadAnswer = z.object({ access_token: z.string().min(1) });
// https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
const ExchangeAnswer = z.object({ refresh_token: z.string().min(1) });

/** ACR refresh tokens live three hours. Renewed every hour, none comes close to expiring. In milliseconds. */
const KEPT = 3_600_000;

/**
 * Returns a credential source that exchanges the identity of an application for a refresh token of the registry.
 * AZURE_TENANT_ID and AZURE_CLIENT_ID name the application; AZURE_FEDERATED_TOKEN_FILE or AZURE_CLIENT_SECRET proves
 * it. The source returns undefined if these are not set.
 */
export function acr(options: AcrOptions): CredentialSource {
  const tokens = expiringCache(options.clock, (host, signal) => obtain(options, host, signal));
  return sourceFor(
    (host) => HOSTS.test(host.toLowerCase()),
    (host, signal, { refused } = {}) => tokens(host.toLowerCase(), signal, refused),
  );
}

async function obtain(
  options: AcrOptions,
  host: string,
  signal: AbortSignal,
): Promise<Expiring<Credential | undefined>> {
  const { clock, env, fetch } = options;
  const [tenant, client] = [env['AZURE_TENANT_ID'], env['AZURE_CLIENT_ID']];
  const proven = env['AZURE_FEDERATED_TOKEN_FILE'] || env['AZURE_CLIENT_SECRET'];
  if (!tenant || !client || !proven) return { value: undefined, expires: Number.POSITIVE_INFINITY };
  try {
    const access_token = await aadToken(options, { host, tenant, client }, signal);
    const fields = { grant_type: 'access_token', service: host, tenant, access_token };
    const question = form(`https://${host}/oauth2/exchange`, fields, signal);
    const { refresh_token: token } = await fetchJson(fetch, question, 'exchanging a token at', ExchangeAnswer);
    return { value: { kind: 'identity', username: '', token, from: 'AZURE_CLIENT_ID' }, expires: clock.now() + KEPT };
  } catch (error) {
    signal.throwIfAborted();
    throw credentialProblem(
      `getting a token for ${host}`,
      'check AZURE_TENANT_ID, AZURE_CLIENT_ID and the client secret or token file, and that the application has a role in the registry',
      error,
    );
  }
}

// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
async function aadToken(
  { env, fetch }: AcrOptions,
  { host, tenant, client }: { readonly host: string; readonly tenant: string; readonly client: string },
  signal: AbortSignal,
): Promise<string> {
  const authority = env['AZURE_AUTHORITY_HOST'] || AUTHORITIES[host.slice(host.lastIndexOf('.') + 1)];
  const url = URL.parse(`/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, authority);
  if (url?.protocol !== 'https:') {
    throw new PromotionError('USAGE', 'AZURE_AUTHORITY_HOST is not an HTTPS address', { hint: 'correct or unset it' });
  }
  const file = env['AZURE_FEDERATED_TOKEN_FILE'];
  const proof: Record<string, string> = file
    ? {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: (await readFile(file, 'utf8')).trim(),
      }
    : { client_secret: env['AZURE_CLIENT_SECRET'] ?? '' };
  const scope = 'https://containerregistry.azure.net/.default';
  const fields = { grant_type: 'client_credentials', client_id: client, scope, ...proof };
  const { access_token: token } = await fetchJson(fetch, form(url, fields, signal), 'signing in at', AadAnswer);
  return token;
}
