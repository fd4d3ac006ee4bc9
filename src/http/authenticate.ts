import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { answerError } from './answer-error.ts';
import { type Challenge, chooseScheme, parseChallenges, type Scheme } from './challenge.ts';
import { basicAuthorization, type Credential, type CredentialSource } from './credentials/credential.ts';
import type { Fetch, HttpRequest, HttpResponse } from './fetch.ts';
import { peek } from './peek.ts';
import { redactUrl } from './redact.ts';
import { mergeScopes, scopeStrings } from './scopes.ts';
import { type Token, type TokenSource, type TokenWant, tokenSource } from './token.ts';

export type AuthenticateOptions = {
  readonly clock: Clock;
  readonly credentials: CredentialSource;
  /** Sends token requests; must not come through this layer again. */
  readonly fetch: Fetch;
  /** True for hosts inside our own network; by name unless given. */
  readonly inside?: (hostname: string) => boolean;
};

/** A body from this size on is worth a token with life left for all of it: a second or more on a slow link. */
const LARGE_BODY = 1_048_576;

/** Only the start of a 403 is searched for an expired token. */
const TEXT_LIMIT = 4096;

/** Registries lose their tokens when they restart, and their replicas learn of a token at different moments: four new ones outlast that. */
const MOST_REPLAYS = 4;

/** What a request was sent with, so that it can be taken back. */
type Pass = { readonly authorization: string; readonly credential?: Credential; readonly forget: () => void };

type Gate = {
  readonly tokens: TokenSource;
  readonly credentials: CredentialSource;
  /** How each origin wants to be asked. */
  readonly learned: Map<string, Scheme>;
  /** Passwords that were taken once: a later 401 is no proof against them. */
  readonly proven: WeakSet<Credential>;
  /** Where which rights were granted once: a later 401 says that a token has expired. */
  readonly welcomed: Set<string>;
};

/** What a request has had of another chance. */
type Chances = { replays: number; renewed: boolean };

/**
 * Answers challenges, by the origin of each request, and remembers how each origin wants to be asked: the next request
 * brings its token along. After a 401 a request is sent once more with a new token, and a few times more where that
 * one is called invalid as well; a stream throws REPLAY_NEEDED.
 */
export function authenticate(options: AuthenticateOptions): (inner: Fetch) => Fetch {
  const { credentials } = options;
  const gate: Gate = {
    tokens: tokenSource(options),
    credentials,
    learned: new Map(),
    proven: new WeakSet(),
    welcomed: new Set(),
  };
  return (inner) => async (request) => {
    if (request.headers?.['authorization'] !== undefined) return inner(request);
    const chances: Chances = { replays: 0, renewed: false };
    let pass = await unaskedPass(gate, request);
    for (;;) {
      const { refused, response } = await judged(await inner(withPass(request, pass)), pass);
      if (!refused && pass !== undefined) remember(gate, request, response, pass);
      const next = refused ? await nextPass(gate, request, response, pass, chances) : undefined;
      if (next === undefined) return response;
      await response.body.discard();
      pass = next;
    }
  };
}

/** A pass that was taken: what it stands for is known to be allowed. */
function remember({ proven, welcomed }: Gate, request: HttpRequest, { status }: HttpResponse, pass: Pass): void {
  if (pass.credential !== undefined) proven.add(pass.credential);
  if (status < 400) welcomed.add(rightsOf(request));
}

function rightsOf(request: HttpRequest): string {
  return `${request.url.origin} ${scopesOf(request).join(' ')}`;
}

/** What a request brings along by itself, once its origin is known. */
async function unaskedPass(gate: Gate, request: HttpRequest): Promise<Pass | undefined> {
  const known = gate.learned.get(request.url.origin);
  // Without scopes there is nothing to ask a token for before the registry says what it wants.
  const enough = known?.kind === 'basic' || scopesOf(request).length > 0;
  return known !== undefined && enough ? passFor(gate, known, request, scopesOf(request)) : undefined;
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
  const scheme = response.status === 403 ? gate.learned.get(origin) : chooseScheme(challenges);
  // A password is not said again and again: too many refusals lock accounts.
  const isWelcome = pass?.credential === undefined && gate.welcomed.has(rightsOf(request));
  if (scheme === undefined || !takeChance(chances, response, challenges, pass, isWelcome)) return undefined;
  gate.learned.set(origin, scheme);
  pass?.forget();
  if (request.body?.kind === 'stream') throw await replayNeeded(request, response);
  // The slot of the 401 is given back before a token server is asked for one of its own.
  if (scheme.kind === 'bearer') await response.body.discard();
  const next = await passFor(gate, scheme, request, scopesAfter(request, scheme, pass), pass);
  return next === undefined || isSaidTwice(gate, pass, next) ? undefined : next;
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
  const renews = !chances.renewed && pass !== undefined && (pass.credential !== undefined || status === 403);
  const allowed = renews || chances.replays === 0 || ((invalid || isWelcome) && chances.replays < MOST_REPLAYS);
  chances.replays += 1;
  chances.renewed ||= renews;
  return allowed;
}

/** Whether the pass was the reason: a 401 always says so; ECR says 403 with this text when a token has expired. */
async function judged(
  response: HttpResponse,
  pass: Pass | undefined,
): Promise<{ readonly refused: boolean; readonly response: HttpResponse }> {
  if (response.status !== 403 || pass === undefined) return { refused: response.status === 401, response };
  const { text, response: whole } = await peek(response, TEXT_LIMIT);
  return { refused: /\bauthorization token has expired\b/i.test(text), response: whole };
}

/** A wrong password does not get better by saying it again; one that was taken before does, from a registry that is overloaded. */
function isSaidTwice({ proven }: Gate, first: Pass | undefined, second: Pass): boolean {
  if (first?.credential === undefined || first.authorization !== second.authorization) return false;
  return !proven.has(first.credential);
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
  refused?: Pass,
): Promise<Pass | undefined> {
  const { url, signal, meter, anonymous = false } = request;
  if (scheme.kind === 'basic') {
    const credential = anonymous ? undefined : await credentials(url.host, signal, { refused: refused?.credential });
    if (credential?.kind !== 'basic') return undefined;
    return {
      credential,
      authorization: basicAuthorization(credential.username, credential.password),
      forget: () => {},
    };
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
