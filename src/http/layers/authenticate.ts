import type { Clock } from '../../clock.ts';
import { PromotionError } from '../../errors.ts';
import type { Narrator } from '../../events.ts';
import { answerError } from '../response/error.ts';
import { type Challenge, chooseScheme, parseChallenges, type Scheme } from '../auth/challenge.ts';
import { isPrivate } from '../transport/addresses.ts';
import { basicAuthorization } from '../credentials/credential.ts';
import type { Credential, CredentialSource } from '../credentials/credential.ts';
import { narrated } from '../credentials/narrated.ts';
import type { Fetch, HttpRequest, HttpResponse } from '../fetch.ts';
import { peek } from '../response/peek.ts';
import { redactUrl } from '../redact.ts';
import { credentialFor, onlyOurs, repositoryOf, withAccess } from '../request-credentials.ts';
import { schemes, type Schemes } from '../schemes.ts';
import { mergeScopes, scopeStrings } from '../scopes.ts';
import { type Token, type TokenSource, type TokenWant, tokenSource } from '../auth/token-cache.ts';

export type AuthenticateOptions = {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** Sends token requests; must not come through this layer again. */
  readonly fetch: Fetch;
  /** True for hosts inside our own network; by name unless given. */
  readonly inside?: (hostname: string) => boolean;
  /** Is told at level debug which credentials are used. */
  readonly narrate?: Narrator;
};

/** A body from this size on is worth a token with life left for all of it: a second or more on a slow link. */
const LARGE_BODY = 1_048_576;

/** Only the start of a 403 is searched for an expired token. */
const TEXT_LIMIT = 4096;

/** Registries lose their tokens when they restart, and their replicas learn of a token at different moments: four new ones outlast that. */
const MOST_REPLAYS = 4;

/** What a request was sent with, so that it can be taken back; `password` where it is one. */
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
  /** Passwords that were taken once: a later 401 is no proof against them. */
  readonly proven: WeakSet<Credential>;
  /** Where which rights were granted once: a later 401 says that a token has expired. */
  readonly welcomed: Set<string>;
};

/** What a request has had of another chance. */
type Chances = { replays: number; renewed: boolean };

/**
 * Answers challenges, by the origin of each request, and remembers how each origin wants to be asked: the next request
 * brings its token along. With credentials for an origin, `/v2/` is asked before the first request: an anonymous 403 or
 * 404, or a list that shows less to the anonymous, is never believed. After a 401 a request is sent once more with a new
 * token, and a few times more where that one is called invalid as well; a stream throws REPLAY_NEEDED.
 */
export function authenticate(options: AuthenticateOptions): (inner: Fetch) => Fetch {
  const { narrate = () => {}, inside = isPrivate } = options;
  const credentials = narrated(options.credentials, narrate);
  const gate: Gate = {
    tokens: tokenSource({ ...options, credentials }),
    credentials,
    schemes: schemes(options.fetch),
    inside,
    proven: new WeakSet(),
    welcomed: new Set(),
  };
  return (inner) => async (request) => {
    if (request.headers?.['authorization'] !== undefined) return inner(request);
    const chances: Chances = { replays: 0, renewed: false };
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

/** A pass that was taken: what it stands for is known to be allowed. */
function remember({ proven, welcomed }: Gate, request: HttpRequest, { status }: HttpResponse, pass: Pass): void {
  if (pass.password !== undefined) proven.add(pass.password);
  if (status < 400) welcomed.add(rightsOf(request));
}

function rightsOf(request: HttpRequest): string {
  return `${request.url.origin} ${scopesOf(request).join(' ')}`;
}

/** What a request brings along by itself, once its origin is known. */
async function unaskedPass(gate: Gate, request: HttpRequest): Promise<Pass | undefined> {
  const known = gate.schemes.known(request.url.origin) ?? (await firstAnswer(gate, request));
  // Without scopes there is nothing to ask a token for before the registry says what it wants.
  const enough = known?.kind !== 'bearer' || scopesOf(request).length > 0;
  return known !== undefined && enough ? passFor(gate, known, request, scopesOf(request)) : undefined;
}

/** How the origin of a first request wants to be asked, if there is anything to tell it. */
async function firstAnswer(gate: Gate, request: HttpRequest): Promise<Scheme | undefined> {
  // A source that fails matters only if the registry wants a login, or denies that there is anything.
  const credential = await credentialFor(gate.credentials, request).catch(onlyOurs);
  return credential === undefined ? undefined : gate.schemes.tryToAsk(request);
}

/** What to send a refused request with once more; undefined where the refusal stands. */
async function nextPass(
  gate: Gate,
  request: HttpRequest,
  response: HttpResponse,
  pass: Pass | undefined,
  chances: Chances,
): Promise<Pass | undefined> {
  const { origin } = request.url;
  const challenges = parseChallenges(response.headers.get('www-authenticate') ?? []);
  const scheme = chooseScheme(challenges) ?? (challenges.length === 0 ? await schemeOf(gate, request) : undefined);
  // A password is not said again and again: too many refusals lock accounts.
  const isWelcome = pass?.password === undefined && gate.welcomed.has(rightsOf(request));
  if (scheme === undefined || !takeChance(chances, response, challenges, pass, isWelcome)) return undefined;
  gate.schemes.learn(origin, scheme);
  pass?.forget();
  if (request.body?.kind === 'stream') throw await replayNeeded(request, response);
  // The slot of the 401 is given back before a token server is asked for one of its own.
  if (scheme.kind === 'bearer') await response.body.discard();
  const next = await passFor(gate, scheme, request, scopesAfter(request, scheme, pass), pass);
  return next === undefined || isSaidTwice(gate, pass, next) ? undefined : next;
}

/** How an origin wants to be asked that has not said so in this answer. */
async function schemeOf(gate: Gate, request: HttpRequest): Promise<Scheme | undefined> {
  const known = gate.schemes.known(request.url.origin);
  if (known !== undefined || (await credentialFor(gate.credentials, request)) === undefined) return known;
  return gate.schemes.ask(request);
}

/**
 * A 401 is a question once; again only where the new token itself is called invalid (RFC 6750 §3.1), or where the same
 * rights were granted before: either may pass.
 * A password, or what ECR calls expired, is renewed once even when it was the answer to that first question.
 */
function takeChance(
  chances: Chances,
  { status }: HttpResponse,
  challenges: readonly Challenge[],
  pass: Pass | undefined,
  isWelcome: boolean,
): boolean {
  const invalid = challenges.some(({ params }) => params.get('error') === 'invalid_token');
  const renews = !chances.renewed && pass !== undefined && (pass.password !== undefined || status === 403);
  const allowed = renews || chances.replays === 0 || ((invalid || isWelcome) && chances.replays < MOST_REPLAYS);
  chances.replays += 1;
  chances.renewed ||= renews;
  return allowed;
}

/**
 * Whether the pass was the reason, or that there was none: a 401 always says so; ECR says 403 with this text when a token
 * has expired. What an anonymous request must not see, some registries deny with 403 or 404.
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

/** A wrong password does not get better by saying it again; one that was taken before does, from a registry that is overloaded. */
function isSaidTwice({ proven }: Gate, first: Pass | undefined, second: Pass): boolean {
  if (first?.password === undefined || first.authorization !== second.authorization) return false;
  return !proven.has(first.password);
}

function scopesOf(request: HttpRequest): readonly string[] {
  return scopeStrings(request.scopes ?? []);
}

/** What the request says it needs; what the registry says only where the request does not, or where that was not enough. */
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

/** The credential itself. A password that nobody asked for crosses no public network in the clear. */
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
