import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../src/clock.ts';
import { failure, json, type Reply } from './reply.ts';
import type { RequestKind, Route } from './route.ts';

export type Action = 'pull' | 'push' | 'delete';

export type AuthOptions = {
  /** `basic` asks each request for a password; `bearer` for a token of `/token`, which asks for the password. */
  readonly scheme: 'basic' | 'bearer';
  readonly users?: Readonly<Record<string, string>>;
  /** What a user (undefined: nobody) may do in a repository; by default users all, others nothing. */
  readonly allow?: (user: string | undefined, repository: string) => readonly Action[];
  /** Which of several scopes in one request are heard; all by default, as the specification says. */
  readonly hears?: 'first' | 'last';
  /** Seconds that a token lives; 300 by default, as with most token servers. */
  readonly expiresIn?: number;
  /** Refresh tokens that `POST /token` takes instead of a password, with their users. */
  readonly identityTokens?: Readonly<Record<string, string>>;
};

/** Checks requests and gives tokens. */
export type Gate = {
  /** The refusal, or undefined when the request may go on. */
  check(request: IncomingMessage, route: Route): Reply | undefined;
  /** True when the request may read this other repository, to mount from it. */
  mayPull(request: IncomingMessage, repository: string): boolean;
  token(request: IncomingMessage, url: URL, form: URLSearchParams): Reply;
  /** Makes all tokens given so far invalid. */
  expireTokens(): void;
};

type Grant = { readonly expires: number; readonly scopes: ReadonlyMap<string, readonly Action[]> };

const PUSHES: ReadonlySet<RequestKind> = new Set([
  'putManifest',
  'postUpload',
  'patch',
  'put',
  'getUpload',
  'deleteUpload',
]);
const DELETES: ReadonlySet<RequestKind> = new Set(['deleteManifest', 'deleteBlob']);

/** A gate that lets everything through where there are no options. */
export function authGate(options: AuthOptions | undefined, clock: Clock): Gate {
  const grants = new Map<string, Grant>();
  const allow = options?.allow ?? ((user) => (user === undefined ? [] : (['pull', 'push', 'delete'] as const)));
  return {
    expireTokens: () => grants.clear(),
    mayPull: (request, repository) => {
      if (options === undefined) return true;
      if (options.scheme === 'basic') return allow(userOf(request, options), repository).includes('pull');
      return grantOf(grants, request)?.scopes.get(repository)?.includes('pull') === true;
    },
    check: (request, route) => {
      if (options === undefined) return undefined;
      const needs = needed(route);
      if (options.scheme === 'basic') return checkBasic(request, options, allow, route.repository, needs);
      const grant = grantOf(grants, request);
      const valid = grant !== undefined && grant.expires > clock.now();
      if (valid && needs.every((action) => grant.scopes.get(route.repository)?.includes(action))) return undefined;
      const error = valid ? 'insufficient_scope' : 'invalid_token';
      return failure(401, 'UNAUTHORIZED', 'authentication required', {
        'www-authenticate': challenge(request, route, needs, error),
      });
    },
    token: (request, url, form) => {
      if (options?.scheme !== 'bearer') return failure(404, 'UNSUPPORTED', 'no tokens here');
      const refresh = form.get('refresh_token');
      const user = refresh === null ? userOf(request, options) : options.identityTokens?.[refresh];
      const anonymous = refresh === null && request.headers.authorization === undefined;
      if (user === undefined && !anonymous) return failure(401, 'UNAUTHORIZED', 'wrong user name or password');
      const all = [...url.searchParams.getAll('scope'), ...form.getAll('scope')].flatMap((scope) => scope.split(' '));
      const asked = options.hears === undefined ? all : all.slice(options.hears === 'first' ? 0 : -1).slice(0, 1);
      const token = randomUUID();
      const expiresIn = options.expiresIn ?? 300;
      grants.set(token, {
        expires: clock.now() + expiresIn * 1000,
        scopes: granted(asked, (repository) => allow(user, repository)),
      });
      return json(200, {
        token,
        access_token: token,
        expires_in: expiresIn,
        issued_at: new Date(clock.now()).toISOString(),
      });
    },
  };
}

function grantOf(grants: ReadonlyMap<string, Grant>, request: IncomingMessage): Grant | undefined {
  return grants.get(/^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
}

// A mount needs no right to its source here: without it nothing is mounted (distribution-spec, «Mounting a blob»).
function needed({ kind }: Route): readonly Action[] {
  if (kind === 'ping' || kind === 'unexpected') return [];
  if (PUSHES.has(kind)) return ['pull', 'push'];
  return DELETES.has(kind) ? ['delete'] : ['pull'];
}

function checkBasic(
  request: IncomingMessage,
  options: AuthOptions,
  allow: NonNullable<AuthOptions['allow']>,
  repository: string,
  needs: readonly Action[],
): Reply | undefined {
  const user = userOf(request, options);
  const refused = needs.some((action) => !allow(user, repository).includes(action));
  if (user === undefined && (refused || needs.length === 0 || request.headers.authorization !== undefined)) {
    return failure(401, 'UNAUTHORIZED', 'authentication required', {
      'www-authenticate': 'Basic realm="test registry"',
    });
  }
  return refused ? failure(403, 'DENIED', 'requested access to the resource is denied') : undefined;
}

function userOf(request: IncomingMessage, options: AuthOptions): string | undefined {
  const encoded = /^basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [, user = '', password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  return password !== undefined && Object.hasOwn(options.users ?? {}, user) && options.users?.[user] === password
    ? user
    : undefined;
}

function challenge(request: IncomingMessage, { repository }: Route, needs: readonly Action[], error: string): string {
  const base = `Bearer realm="http://${request.headers.host ?? ''}/token",service="test-registry"`;
  const scope = needs.length === 0 ? '' : `,scope="repository:${repository}:${needs.join(',')}"`;
  return `${base}${scope}${request.headers.authorization === undefined ? '' : `,error="${error}"`}`;
}

function granted(
  scopes: readonly string[],
  allow: (repository: string) => readonly Action[],
): ReadonlyMap<string, readonly Action[]> {
  const result = new Map<string, readonly Action[]>();
  for (const scope of scopes) {
    const [, repository, actions] = /^repository:(.+):([a-z,*]+)$/.exec(scope) ?? [];
    if (repository === undefined || actions === undefined) continue;
    const asked = allow(repository).filter((action) => actions.split(',').includes(action));
    result.set(repository, [...new Set([...(result.get(repository) ?? []), ...asked])]);
  }
  return result;
}
