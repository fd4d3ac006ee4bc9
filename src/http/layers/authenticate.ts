import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import { answerError } from '../response/error.ts';
import { type Challenge, chooseScheme, parseChallenges, type Scheme } from '../auth/challenge.ts';
import { isPrivate } from '../transport/addresses.ts';
import { basicAuthorization, type Credential, type CredentialSource } from '../credentials/credential.ts';
import { logged } from '../credentials/logged.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../fetch.ts';
import { peek } from '../response/peek.ts';
import { redactUrl } from '../redact.ts';
import { credentialFor, ignorePromotionError, repositoryOf, withAccess } from '../request-credentials.ts';
import { schemes, type Schemes } from '../schemes.ts';
import { mergeScopes, scopeStrings } from '../scopes.ts';
import { type TokenSource, tokenSource } from '../auth/token-cache.ts';
import type { Token, TokenWant } from '../auth/token-request.ts';

export type AuthenticateOptions = {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** Sends token requests; must not pass through this layer. */
  readonly fetch: Fetch;
  /** True for hosts inside our own network. Default: judged by the host's name. */
  readonly inside?: (hostname: string) => boolean;
  /** Receives debug log lines about the credentials used. */
  readonly narrate?: Narrator;
};

/** A body of this many bytes needs a token that stays valid for the whole upload: a second or more on a slow link. */
const LARGE_BODY = 1_048_576;

/** Bytes of a 403 body that are searched for an expired token. */
const TEXT_LIMIT = 4096;

/**
 * Registries lose their tokens when they restart, and their replicas learn of a token at different moments: four new
 * tokens outlast that.
 */
const MOST_REPLAYS = 4;

/** The authorization that a request was sent with, so that it can be revoked; `password` if it is a password. */
type Pass = {
  readonly authorization: string;
  /** Undefined for an anonymous token. */
  readonly login: Credential | undefined;
  readonly password?: Credential;
  readonly forget: () => void;
};

type Gate = {
  readonly tokens: TokenSource;
  readonly credentials: CredentialSource;
  readonly schemes: Schemes;
  readonly inside: (hostname: string) => boolean;
  /** Passwords that were accepted before: a later 401 does not prove them wrong. */
  readonly proven: WeakSet<Credential>;
  /** Origins and rights that were granted before: a later 401 then means an expired token. */
  readonly granted: Set<string>;
};

/** Replays and renewals that a request has used. */
type Replays = { replays: number; renewed: boolean };

/**
 * Layer that authenticates requests. It answers challenges and remembers the scheme of each origin, so that later
 * requests carry a token from the start. If there are credentials for an origin, it calls `/v2/` before the first
 * request: an anonymous 403 or 404, or a list shortened for anonymous users, is never believed. After a 401 it replays
 * the request once with a new token, and up to four times if the new token is also called invalid. For a stream it
 * throws REPLAY_NEEDED instead.
 */
export function authenticate(options: AuthenticateOptions): (inner: Fetch) => Fetch {
  const { narrate = () => {}, inside = isPrivate } = options;
  const credentials = logged(options.credentials, narrate);
  const gate: Gate = {
    tokens: tokenSource({ ...options, credentials }),
    credentials,
    schemes: schemes(options.fetch),
    inside,
    proven: new WeakSet(),
    granted: new Set(),
  };
  return (inner) => async (request) => {
    if (request.headers?.['authorization'] !== undefined) return inner(request);
    const chances: Replays = { replays: 0, renewed: false };
    let pass = await unaskedPass(gate, request);
    for (;;) {
      const answer = await inner(withPass(request, pass));
      try {
        const { refused, response } = await judged(gate, request, answer, pass);
        if (!refused && pass !== undefined) remember(gate, request, response, pass);
        const next = refused ? await nextPass(gate, request, response, pass, chances) : undefined;
        if (next === undefined) return await withAccess(response, request, gate.credentials, pass);
        await response.body.discard();
        pass = next;
      } catch (error) {
        await answer.body.discard();
        throw error;
      }
    }
  };
}

/** Records an accepted authorization. */
function remember({ proven, granted }: Gate, request: HttpRequest, { status }: HttpResponse, pass: Pass): void {
  if (pass.password !== undefined) proven.add(pass.password);
  if (status < 400) granted.add(rightsOf(request));
}

function rightsOf(request: HttpRequest): string {
  return `${request.url.origin} ${scopesOf(request).join(' ')}`;
}

/** Returns the authorization that a request carries from the start, if its origin's scheme is known. */
async function unaskedPass(gate: Gate, request: HttpRequest): Promise<Pass | undefined> {
  const known = gate.schemes.known(request.url.origin) ?? (await firstAnswer(gate, request));
  // Without scopes no token can be requested before the registry names them.
  const enough = known?.kind !== 'bearer' || scopesOf(request).length > 0;
  return known !== undefined && enough ? passFor(gate, known, request, scopesOf(request)) : undefined;
}

/** Finds the scheme of an origin before its first request, if there are credentials for it. */
async function firstAnswer(gate: Gate, request: HttpRequest): Promise<Scheme | undefined> {
  // A failing source matters only if the registry requires a login or denies access.
  const credential = await credentialFor(gate.credentials, request).catch(ignorePromotionError);
  return credential === undefined ? undefined : gate.schemes.tryDetect(request);
}

/** Returns the authorization for a replay; undefined if the refusal is final. */
async function nextPass(
  gate: Gate,
  request: HttpRequest,
  response: HttpResponse,
  pass: Pass | undefined,
  chances: Replays,
): Promise<Pass | undefined> {
  const { origin } = request.url;
  const challenges = parseChallenges(response.headers.get('www-authenticate') ?? []);
  const scheme = chooseScheme(challenges) ?? (challenges.length === 0 ? await schemeOf(gate, request) : undefined);
  // A password is not sent again and again: too many rejections lock accounts.
  const wasGranted = pass?.password === undefined && gate.granted.has(rightsOf(request));
  if (scheme === undefined || !mayReplay(chances, response, challenges, pass, wasGranted)) return undefined;
  gate.schemes.learn(origin, scheme);
  pass?.forget();
  if (request.body?.kind === 'stream') throw await replayNeeded(request, response);
  // Releases the slot of the 401 before the token request takes one of its own.
  if (scheme.kind === 'bearer') await response.body.discard();
  const next = await passFor(gate, scheme, request, scopesAfter(request, scheme, pass), pass);
  return next === undefined || isUselessReplay(gate, pass, next) ? undefined : next;
}

/** Returns the scheme of an origin whose response does not name it. */
async function schemeOf(gate: Gate, request: HttpRequest): Promise<Scheme | undefined> {
  const known = gate.schemes.known(request.url.origin);
  if (known !== undefined || (await credentialFor(gate.credentials, request)) === undefined) return known;
  return gate.schemes.detect(request);
}

/**
 * Decides whether a 401 is worth a replay. The first one is; later ones only if the new token itself is called invalid
 * (RFC 6750 §3.1) or the same rights were granted before, since both may be temporary. A password, or a token that ECR
 * calls expired, is renewed once even if it answered the first challenge.
 */
function mayReplay(
  chances: Replays,
  { status }: HttpResponse,
  challenges: readonly Challenge[],
  pass: Pass | undefined,
  wasGranted: boolean,
): boolean {
  const invalid = challenges.some(({ params }) => params.get('error') === 'invalid_token');
  const renews = !chances.renewed && pass !== undefined && (pass.password !== undefined || status === 403);
  const allowed = renews || chances.replays === 0 || ((invalid || wasGranted) && chances.replays < MOST_REPLAYS);
  chances.replays += 1;
  chances.renewed ||= renews;
  return allowed;
}

/**
 * Decides whether the refusal is about the authorization. A 401 always is; ECR sends 403 with this text for an expired
 * token. Some registries answer an anonymous request with 403 or 404 for content that it must not see.
 */
async function judged(
  gate: Gate,
  request: HttpRequest,
  response: HttpResponse,
  pass: Pass | undefined,
): Promise<{ readonly refused: boolean; readonly response: HttpResponse }> {
  const { status } = response;
  if (pass === undefined && (status === 403 || status === 404))
    return { refused: (await credentialFor(gate.credentials, request)) !== undefined, response };
  if (status !== 403 || pass === undefined) return { refused: status === 401, response };
  const { text, response: whole } = await peek(response, TEXT_LIMIT);
  return { refused: /\bauthorization token has expired\b/i.test(text), response: whole };
}

/**
 * True if the second password equals the first and has never been accepted: sending it again cannot help. An overloaded
 * registry may reject one that it accepted before.
 */
function isUselessReplay({ proven }: Gate, first: Pass | undefined, second: Pass): boolean {
  if (first?.password === undefined || first.authorization !== second.authorization) return false;
  return !proven.has(first.password);
}

function scopesOf(request: HttpRequest): readonly string[] {
  return scopeStrings(request.scopes ?? []);
}

/**
 * Returns the scopes of the request; those of the registry's challenge only if the request has none or its own were not
 * enough.
 */
function scopesAfter(request: HttpRequest, scheme: Scheme, first: Pass | undefined): readonly string[] {
  const own = scopesOf(request);
  if (scheme.kind !== 'bearer' || (own.length > 0 && first === undefined)) return own;
  return mergeScopes([...own, ...scheme.scopes]);
}

async function passFor(
  gate: Gate,
  scheme: Scheme,
  request: HttpRequest,
  scopes: readonly string[],
  refused?: Pass,
): Promise<Pass | undefined> {
  const { tokens } = gate;
  const { url, signal, meter, anonymous = false } = request;
  if (scheme.kind !== 'bearer') return directPass(gate, scheme, request, refused);
  const { realm, service } = scheme;
  const want: TokenWant = { registry: url, repository: repositoryOf(request), realm, service, scopes, anonymous };
  const large = request.body !== undefined && lengthOf(request.body) >= LARGE_BODY;
  const token: Token = await tokens.get(want, { large, signal, ...(meter === undefined ? {} : { meter }) });
  return { authorization: `Bearer ${token.value}`, login: token.credential, forget: () => tokens.drop(want, token) };
}

/**
 * Returns the credential as the authorization itself. A password that no challenge asked for is not sent over plain
 * HTTP on a public network.
 */
async function directPass(gate: Gate, scheme: Scheme, request: HttpRequest, refused?: Pass): Promise<Pass | undefined> {
  const { protocol, hostname } = request.url;
  const isAsked = scheme.kind === 'basic';
  if (scheme.kind === 'unnamed' && scheme.offered.length > 0) return undefined;
  if (!isAsked && protocol !== 'https:' && !gate.inside(hostname)) return undefined;
  const login = await credentialFor(gate.credentials, request, refused?.password);
  const forget = (): void => {};
  if (login?.kind === 'basic')
    return { login, password: login, authorization: basicAuthorization(login.username, login.password), forget };
  return login?.kind === 'registry' && !isAsked ? { login, authorization: `Bearer ${login.token}`, forget } : undefined;
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
