import type * as library from 'google-auth-library';
import type { AuthClient, gaxios } from 'google-auth-library';
import { z } from 'zod';
import { PromotionError } from '../../../errors.ts';
import type { CredentialFile, SourceFile } from './adc.ts';
import type { GoogleOptions } from './options.ts';
import type { AccessToken } from './metadata.ts';
import { credentialProblem } from '../problem.ts';
import { webFetch } from '../web-fetch.ts';

type Library = typeof library;
type Transporter = gaxios.Gaxios;

/** The identity to act as: a credential file or a token of the machine. */
type GoogleIdentity = {
  readonly file: CredentialFile | undefined;
  readonly ambient: AccessToken | undefined;
};

/** Pushing needs this scope; IAM decides what the account may do. */
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Returns an access token for this identity, or for the service account that it impersonates. */
export async function googleToken(
  { env, fetch }: GoogleOptions,
  { file, ambient }: GoogleIdentity,
  signal: AbortSignal,
): Promise<AccessToken> {
  const asked = env['CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT']?.split(',').map((name) => name.trim());
  if (ambient !== undefined && asked === undefined) return ambient;
  // Loading it takes about 100 ms.
  const library = await import('google-auth-library');
  const transporter = quietTransporter(library, webFetch(fetch, signal));
  try {
    const own = clientOf(library, transporter, file, ambient);
    const client = asked === undefined ? own : impersonating(library, transporter, own, asked);
    const { token } = await client.getAccessToken();
    if (!token) throw new Error('the response contains no token');
    return { token, expires: client.credentials.expiry_date ?? 0 };
  } catch (error) {
    signal.throwIfAborted();
    throw credentialProblem(
      'getting a Google access token',
      'run "gcloud auth application-default login" again, or check the roles of the service account',
      error,
    );
  }
}

/** Creates a transporter that sends every request through our fetch, with the library's own retries and proxies off. */
function quietTransporter(library: Library, fetchImplementation: ReturnType<typeof webFetch>): Transporter {
  const transporter = new library.gaxios.Gaxios();
  const send = transporter.request.bind(transporter);
  // The library sets its retries on each request, so defaults have no effect.
  transporter.request = <T>(options: gaxios.GaxiosOptions = {}) =>
    send<T>({
      ...options,
      fetchImplementation,
      retry: false,
      retryConfig: { retry: 0, noResponseRetries: 0 },
      // With an agent given, the library creates none for the environment's proxy.
      agent: {} as never,
    });
  return transporter;
}

type TokenClient = AuthClient & { getAccessToken(): Promise<{ token?: string | null | undefined }> };

function clientOf(
  library: Library,
  transporter: Transporter,
  file: CredentialFile | undefined,
  ambient: AccessToken | undefined,
): TokenClient {
  if (file === undefined) return refreshing(library, transporter, async () => ambient as AccessToken);
  if (file.type !== 'impersonated_service_account') return sourceClient(library, transporter, file);
  const source = sourceClient(library, transporter, file.source_credentials);
  // https://google.aip.dev/auth/4113
  const target = /\/([^/]+):generateAccessToken$/.exec(file.service_account_impersonation_url)?.[1];
  if (target === undefined) throw new Error('the file does not name a service account to impersonate');
  return impersonating(library, transporter, source, [...(file.delegates ?? []), target]);
}

function sourceClient(library: Library, transporter: Transporter, file: SourceFile): TokenClient {
  if (file.type === 'service_account') {
    const { client_email: email, private_key: key, private_key_id: keyId } = file;
    return new library.JWT({ email, key, scopes: [SCOPE], transporter, ...(keyId === undefined ? {} : { keyId }) });
  }
  if (file.type === 'authorized_user') {
    const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = file;
    return new library.UserRefreshClient({ clientId, clientSecret, refreshToken, transporter });
  }
  const { file: path, url } = file.credential_source;
  // Executables and client certificates would use their own processes and sockets.
  if (path === undefined && url === undefined)
    throw new PromotionError('UNAUTHORIZED', 'external accounts must get their subject token from a file or a URL');
  const client = new library.IdentityPoolClient({ ...file, scopes: [SCOPE], transporter } as never);
  // The library creates the client of the token exchange without our transporter.
  Object.assign((client as unknown as { readonly stsCredential: object }).stsCredential, { transporter });
  return client;
}

// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
const GeneratedToken = z.object({ accessToken: z.string().min(1), expireTime: z.string() });

/**
 * Returns a client that impersonates the last of these accounts; each of the others grants the next. The library's own
 * class writes to the console.
 */
function impersonating(
  library: Library,
  transporter: Transporter,
  source: TokenClient,
  chain: readonly string[],
): TokenClient {
  const account = (name: string): string =>
    `projects/-/serviceAccounts/${name.replace(/^projects\/-\/serviceAccounts\//, '')}`;
  return refreshing(library, transporter, async () => {
    const { data } = await source.request<unknown>({
      method: 'POST',
      url: `https://iamcredentials.googleapis.com/v1/${account(chain.at(-1) ?? '')}:generateAccessToken`,
      data: { delegates: chain.slice(0, -1).map(account), scope: [SCOPE], lifetime: '3600s' },
    });
    const { accessToken, expireTime } = GeneratedToken.parse(data);
    return { token: accessToken, expires: Date.parse(expireTime) };
  });
}

function refreshing(library: Library, transporter: Transporter, get: () => Promise<AccessToken>): TokenClient {
  const client = new library.OAuth2Client({ transporter });
  client.refreshHandler = async () => {
    const { token, expires } = await get();
    return { access_token: token, expiry_date: expires };
  };
  return client;
}
