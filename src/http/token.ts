import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { addressProblem } from './addresses.ts';
import { basicAuthorization, type Credential, type CredentialSource } from './credentials/credential.ts';
import type { Fetch, HttpRequest, HttpResponse, Meter } from './fetch.ts';
import { ensureStatus } from './read.ts';
import { redactUrl } from './redact.ts';
import { singleFlight } from './single-flight.ts';

/** What a token is for. */
export type TokenWant = {
  /** The registry's own address. */
  readonly registry: URL;
  readonly realm: string;
  readonly service: string | undefined;
  /** Merged and sorted. */
  readonly scopes: readonly string[];
  readonly anonymous: boolean;
};

export type Token = { readonly value: string; readonly received: number; readonly expires: number };

/** Tokens by what they are for; each is asked for once by all who need it, and renewed before it expires. */
export type TokenSource = {
  /** A token with at least the life that a small (or `large`) request needs. */
  get(want: TokenWant, need: TokenNeed): Promise<Token>;
  /** Forgets this token, unless it was renewed already. */
  drop(want: TokenWant, token: Token): void;
};

export type TokenNeed = { readonly large: boolean; readonly signal: AbortSignal; readonly meter?: Meter };

export type TokenSourceOptions = {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly credentials: CredentialSource;
};

/** The least life that the token specification allows, in milliseconds (https://distribution.github.io/distribution/spec/auth/token/). */
const SHORTEST_LIFE = 60_000;
/** A small request needs this much of a token's life, for clocks that differ and queues; a quarter of a life that is shorter. */
const SMALL_NEED = 30_000;
/** A large body needs this much: a GiB at 5 MB/s, rounded up; half of a life that is shorter. */
const LARGE_NEED = 300_000;
/** So many tokens are remembered; at 2 KiB each a few MiB. */
const REMEMBERED = 2000;

export function tokenSource(options: TokenSourceOptions): TokenSource {
  const { clock } = options;
  const cache = new Map<string, Token>();
  const flight = singleFlight<Token>();

  const usable = (token: Token | undefined, large: boolean): token is Token => {
    if (token === undefined) return false;
    const life = token.expires - token.received;
    const need = large ? Math.min(LARGE_NEED, life / 2) : Math.min(SMALL_NEED, life / 4);
    return token.expires - clock.now() > need;
  };
  const remember = (key: string, token: Token): Token => {
    cache.delete(key);
    cache.set(key, token);
    const [oldest] = cache.keys();
    if (cache.size > REMEMBERED && oldest !== undefined) cache.delete(oldest);
    return token;
  };

  return {
    get: async (want, need) => {
      const key = keyOf(want);
      const known = cache.get(key);
      if (usable(known, need.large)) return known;
      return flight(key, need.signal, async (signal) =>
        remember(key, await requestToken(want, { ...need, signal }, options)),
      );
    },
    drop: (want, token) => {
      const key = keyOf(want);
      if (cache.get(key) === token) cache.delete(key);
    },
  };
}

function keyOf({ registry, realm, service, scopes, anonymous }: TokenWant): string {
  return JSON.stringify([registry.origin, realm, service, scopes, anonymous]);
}

async function requestToken(
  want: TokenWant,
  need: TokenNeed,
  { clock, fetch, credentials }: TokenSourceOptions,
): Promise<Token> {
  const realm = realmUrl(want);
  const credential = want.anonymous ? undefined : await credentials(want.registry.host, need.signal);
  if (credential?.kind === 'registry')
    return { value: credential.token, received: clock.now(), expires: Number.POSITIVE_INFINITY };
  const base = {
    operation: 'token',
    signal: need.signal,
    ...(need.meter === undefined ? {} : { meter: need.meter }),
  } as const;
  const posted =
    credential?.kind === 'identity' ? await exchange(fetch, base, realm, want, credential.token) : undefined;
  const response =
    posted ?? (await fetch({ ...base, ...getRequest(realm, want, credential), wholeBody: ANSWER_LIMIT }));
  await ensureStatus(
    response,
    [200],
    `getting a token for ${want.registry.host} from`,
    redactUrl(realm),
    want.registry.host,
  );
  const { value, life } = parseToken(await response.body.bytes(ANSWER_LIMIT), realm);
  const received = clock.now();
  return { value, received, expires: received + life };
}

/** Tokens are a few KiB at most. */
const ANSWER_LIMIT = 1_048_576;

type Base = Pick<HttpRequest, 'signal' | 'meter'> & { readonly operation: 'token' };

/** Exchanges an identity token by OAuth2; undefined where the server knows only the older GET. */
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
  credential: Exclude<Credential, { kind: 'registry' }> | undefined,
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

/** The token server's address, checked: a registry that is not trusted must not choose where our credentials go inside our network. */
function realmUrl({ registry, realm }: TokenWant): URL {
  const url = URL.parse(realm, registry.href);
  if (url === null) {
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `getting a token for ${registry.host}: the registry names no valid token server`,
      { hint: 'check that the address is a registry' },
    );
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  const problem = addressProblem(url, registry);
  if (problem !== undefined) {
    throw new PromotionError(
      'REFUSED_ADDRESS',
      `getting a token for ${registry.host}: its token server ${redactUrl(url)} ${problem}`,
      {
        hint: 'check the registry before you trust it with credentials',
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
  // What is no visible ASCII cannot stand in a header.
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) {
    throw new PromotionError(
      'REGISTRY_PROTOCOL',
      `getting a token from ${redactUrl(realm)}: the answer holds no token`,
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
