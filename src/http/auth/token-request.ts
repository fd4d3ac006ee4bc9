import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { PromotionError } from '../../errors.ts';
import { addressAdvice, addressProblem, withKeptScheme, type AddressContext } from '../transport/addresses.ts';
import { accessOf, basicAuthorization, type Credential, type CredentialSource } from '../credentials/credential.ts';
import type { Fetch, HttpRequest, HttpResponse, Meter } from '../fetch.ts';
import { ensureStatus } from '../response/read.ts';
import { redactUrl } from '../redact.ts';

import type { Clock } from '../../clock.ts';

/**
 * The shortest lifetime that the token specification allows, in milliseconds
 * (https://distribution.github.io/distribution/spec/auth/token/).
 */
const SHORTEST_LIFE = 60_000;

/** Tokens are a few KiB at most. */
const ANSWER_LIMIT = 1_048_576;

/**
 * Returns a function that requests one token from a registry's token server, with the registry's credential if there is
 * one.
 */
export function tokenRequests(options: TokenSourceOptions): (want: TokenWant, need: TokenNeed) => Promise<Token> {
  const { clock, fetch } = options;
  // Credentials that a token server has accepted before: a later 401 does not prove them wrong.
  const proven = new WeakSet<Credential>();
  return async (want, need) => {
    const realm = realmUrl(want, options);
    const { credential, response } = await answered(options, proven, want, need, (used) =>
      ask(fetch, realm, want, need, used),
    );
    if (response === undefined) {
      const { token } = credential;
      return { value: token, received: clock.now(), expires: Number.POSITIVE_INFINITY, credential };
    }
    const { host } = want.registry;
    const told = credential === undefined ? response : { ...response, access: accessOf(credential, false) };
    await ensureStatus(told, [200], `getting a token for ${host} from`, redactUrl(realm), host);
    const { value, life } = parseToken(await response.body.bytes(ANSWER_LIMIT), realm);
    if (credential !== undefined) proven.add(credential);
    const received = clock.now();
    return { value, received, expires: received + life, credential };
  };
}

type RegistryToken = Extract<Credential, { kind: 'registry' }>;
type Exchanged = Exclude<Credential, RegistryToken>;
type Answered =
  | { readonly credential: Exchanged | undefined; readonly response: HttpResponse }
  | { readonly credential: RegistryToken; readonly response?: undefined };

/** Sends the credential, and a renewed one if the server rejects the first. */
async function answered(
  { credentials }: TokenSourceOptions,
  proven: WeakSet<Credential>,
  { registry: { host }, repository, anonymous }: TokenWant,
  { signal }: TokenNeed,
  asking: (credential: Exchanged | undefined) => Promise<HttpResponse>,
): Promise<Answered> {
  const credential = anonymous ? undefined : await credentials(host, signal, { repository });
  if (credential?.kind === 'registry') return { credential };
  const response = await asking(credential);
  if (response.status !== 401 || credential === undefined) return { credential, response };
  // The credential may have expired, and an overloaded server rejects credentials that it accepted a moment ago.
  const other = await credentials(host, signal, { repository, refused: credential });
  const hopeless = other === undefined || (isDeepStrictEqual(other, credential) && !proven.has(other));
  if (hopeless || other.kind === 'registry') return { credential, response };
  await response.body.discard();
  return { credential: other, response: await asking(other) };
}

async function ask(
  fetch: Fetch,
  realm: URL,
  want: TokenWant,
  { signal, meter }: TokenNeed,
  credential: Exchanged | undefined,
): Promise<HttpResponse> {
  const base = { operation: 'token', signal, from: want.registry, meter } as const;
  const posted =
    credential?.kind === 'identity' ? await exchange(fetch, base, realm, want, credential.token) : undefined;
  return posted ?? fetch({ ...base, ...getRequest(realm, want, credential), wholeBody: ANSWER_LIMIT });
}

type Base = Pick<HttpRequest, 'signal' | 'meter' | 'from'> & { readonly operation: 'token' };

/** Exchanges an identity token by OAuth2. Returns undefined if the server supports only the older GET. */
async function exchange(
  fetch: Fetch,
  base: Base,
  url: URL,
  want: TokenWant,
  refreshToken: string,
): Promise<HttpResponse | undefined> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'kpromo', refresh_token: refreshToken });
  if (want.service !== undefined) form.set('service', want.service);
  if (want.scopes.length > 0) form.set('scope', want.scopes.join(' '));
  const response = await fetch({
    ...base,
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { kind: 'bytes', bytes: Buffer.from(form.toString()) },
    wholeBody: ANSWER_LIMIT,
  });
  if (response.status !== 404 && response.status !== 405) return response;
  await response.body.discard();
  return undefined;
}

function getRequest(
  realm: URL,
  want: TokenWant,
  credential: Exchanged | undefined,
): Pick<HttpRequest, 'method' | 'url' | 'headers'> {
  const url = new URL(realm);
  if (want.service !== undefined) url.searchParams.set('service', want.service);
  for (const scope of want.scopes) url.searchParams.append('scope', scope);
  if (credential === undefined) return { method: 'GET', url };
  const secret = credential.kind === 'basic' ? credential.password : credential.token;
  return {
    method: 'GET',
    url,
    headers: { authorization: basicAuthorization(credential.username || '<token>', secret) },
  };
}

/**
 * Returns the checked address of the token server. An untrusted registry must not direct our credentials to a host
 * inside our network.
 */
function realmUrl({ registry, realm }: TokenWant, context: AddressContext): URL {
  const given = URL.parse(realm, registry.href);
  if (given === null) {
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `getting a token for ${registry.host}: the registry's token server address is invalid`,
      { hint: 'check that the address is a registry' },
    );
  }
  const url = withKeptScheme(given, registry);
  url.username = '';
  url.password = '';
  url.hash = '';
  const problem = addressProblem(url, registry, context);
  if (problem !== undefined) {
    throw new PromotionError(
      'REFUSED_ADDRESS',
      `getting a token for ${registry.host}: its token server ${redactUrl(url)} ${problem}`,
      {
        hint: addressAdvice(url, registry),
      },
    );
  }
  return url;
}

// https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
const TokenAnswer = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.coerce.number().optional().catch(undefined),
});

function parseToken(bytes: Uint8Array, realm: URL): { readonly value: string; readonly life: number } {
  const { data } = TokenAnswer.safeParse(json(bytes));
  const value = data?.token || data?.access_token;
  // A value with other than visible ASCII characters cannot be sent in a header.
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `getting a token from ${redactUrl(realm)}: the response contains no valid token`,
      { hint: 'check that the address is a token server' },
    );
  }
  return { value, life: Math.max(SHORTEST_LIFE, (data?.expires_in ?? 0) * 1000) };
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A token. `credential` is the one that it was issued for; undefined for an anonymous token. */
export type Token = {
  readonly value: string;
  readonly received: number;
  readonly expires: number;
  readonly credential?: Credential | undefined;
};

export type TokenNeed = { readonly large: boolean; readonly signal: AbortSignal; readonly meter?: Meter };

/** The registry, repository and scopes that a token is requested for. */
export type TokenWant = {
  /** The registry's base address. */
  readonly registry: URL;
  /** Path of the repository whose credentials are used. Default: the credentials of the host. */
  readonly repository?: string | undefined;
  readonly realm: string;
  readonly service: string | undefined;
  /** Merged and sorted. */
  readonly scopes: readonly string[];
  readonly anonymous: boolean;
};

export type TokenSourceOptions = {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly credentials: CredentialSource;
  /** True for hosts inside our own network. Default: judged by the host's name. */
  readonly inside?: (hostname: string) => boolean;
};
