import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { answerError } from './answer-error.ts';
import { chooseScheme, parseChallenges, type Scheme } from './challenge.ts';
import { basicAuthorization, type CredentialSource } from './credentials/credential.ts';
import type { Fetch, HttpRequest, HttpResponse } from './fetch.ts';
import { redactUrl } from './redact.ts';
import { mergeScopes, scopeStrings } from './scopes.ts';
import { type Token, type TokenSource, type TokenWant, tokenSource } from './token.ts';

export type AuthenticateOptions = {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** Sends token requests; must not come through this layer again. */
  readonly fetch: Fetch;
};

/** A body from this size on is worth a token with life left for all of it: a second or more on a slow link. */
const LARGE_BODY = 1_048_576;

/** What a request was sent with, so that it can be taken back. */
type Pass = { readonly authorization: string; readonly forget: () => void };

type Gate = { readonly tokens: TokenSource; readonly credentials: CredentialSource };

/**
 * Answers challenges, by the origin of each request, and remembers how each origin wants to be asked: the next request
 * brings its token along. After a 401 a request is sent once more with a new token; a stream throws REPLAY_NEEDED.
 */
export function authenticate(options: AuthenticateOptions): (inner: Fetch) => Fetch {
  const gate: Gate = { tokens: tokenSource(options), credentials: options.credentials };
  const learned = new Map<string, Scheme>();
  return (inner) => async (request) => {
    if (request.headers?.['authorization'] !== undefined) return inner(request);
    const { origin } = request.url;
    const known = learned.get(origin);
    // Without scopes there is nothing to ask a token for before the registry says what it wants.
    const unasked = known !== undefined && (known.kind === 'basic' || scopesOf(request).length > 0);
    const first = !unasked ? undefined : await passFor(gate, known, request, scopesOf(request));
    const response = await inner(withPass(request, first));
    if (response.status !== 401) return response;

    const scheme = chooseScheme(parseChallenges(response.headers.get('www-authenticate') ?? []));
    if (scheme === undefined) return response;
    learned.set(origin, scheme);
    first?.forget();
    if (request.body?.kind === 'stream') throw await replayNeeded(request, response);
    // A wrong password does not get better by saying it again.
    if (scheme.kind === 'basic' && first?.authorization.startsWith('Basic ') === true) return response;
    // The slot of the 401 is given back before a token server is asked for one of its own.
    if (scheme.kind === 'bearer') await response.body.discard();
    const second = await passFor(gate, scheme, request, scopesAfter(request, scheme, first));
    if (second === undefined) return response;
    await response.body.discard();
    return inner(withPass(request, second));
  };
}

function scopesOf(request: HttpRequest): readonly string[] {
  return scopeStrings(request.scopes ?? []);
}

/** What the request says it needs; what the registry says only where the request does not, or where that was not enough. */
function scopesAfter(request: HttpRequest, scheme: Scheme, first: Pass | undefined): readonly string[] {
  const own = scopesOf(request);
  if (scheme.kind === 'basic' || (own.length > 0 && first === undefined)) return own;
  return mergeScopes([...own, ...scheme.scopes]);
}

async function passFor(
  { tokens, credentials }: Gate,
  scheme: Scheme,
  request: HttpRequest,
  scopes: readonly string[],
): Promise<Pass | undefined> {
  const { url, signal, meter, anonymous = false } = request;
  if (scheme.kind === 'basic') {
    const credential = anonymous ? undefined : await credentials(url.host, signal);
    if (credential?.kind !== 'basic') return undefined;
    return { authorization: basicAuthorization(credential.username, credential.password), forget: () => {} };
  }
  const want: TokenWant = { registry: url, realm: scheme.realm, service: scheme.service, scopes, anonymous };
  const large = request.body !== undefined && lengthOf(request.body) >= LARGE_BODY;
  const token: Token = await tokens.get(want, { large, signal, ...(meter === undefined ? {} : { meter }) });
  return { authorization: `Bearer ${token.value}`, forget: () => tokens.drop(want, token) };
}

function lengthOf(body: NonNullable<HttpRequest['body']>): number {
  return body.kind === 'bytes' ? body.bytes.length : body.length;
}

function withPass(request: HttpRequest, pass: Pass | undefined): HttpRequest {
  return pass === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: pass.authorization } };
}

async function replayNeeded(request: HttpRequest, response: HttpResponse): Promise<PromotionError> {
  const what = `${request.method} ${redactUrl(request.url)}`;
  const cause = await answerError(response, what);
  return new PromotionError(
    'REPLAY_NEEDED',
    `${what}: the body was a stream and cannot be sent again: ${cause.message}`,
    {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    },
  );
}
