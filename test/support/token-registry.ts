import { onTestFinished } from 'vitest';
import { authenticate } from '../../src/http/layers/authenticate.ts';
import type { Credential, CredentialSource } from '../../src/http/credentials/credential.ts';
import type { Fetch, HttpRequest, Scope } from '../../src/http/fetch.ts';
import { transport } from '../../src/http/transport/transport.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';
import { requestTo } from './http-request.ts';
import { bodyOf, scriptedServer, type Answer, type ScriptedServer } from './scripted-server.ts';

type TokenRegistry = {
  readonly server: ScriptedServer;
  readonly tokens: ScriptedServer;
  /** What each token request asked for: `scope` values, or the form it posted. */
  readonly asked: string[][];
  /** Tokens that the registry no longer takes. */
  readonly revoked: Set<string>;
};

type RegistryOptions = {
  readonly answer?: Record<string, unknown>;
  readonly postStatus?: number;
  readonly realm?: string;
  readonly tokenStatus?: number;
  /** Whether the token server takes what a request is authorized by; everything unless given. */
  readonly takes?: (authorization: string | undefined) => boolean;
  /** What the challenge says of a token that is not taken. */
  readonly error?: string;
};

/** A registry that takes only tokens T1, T2, … of its token server. */
export async function tokenRegistry({
  answer = {},
  postStatus = 200,
  realm,
  tokenStatus = 200,
  takes = () => true,
  error,
}: RegistryOptions = {}): Promise<TokenRegistry> {
  const asked: string[][] = [];
  const revoked = new Set<string>();
  const tokens = await scriptedServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const posted = new URLSearchParams((await bodyOf(request)).toString());
    if (request.method === 'POST' && postStatus !== 200) {
      response.writeHead(postStatus).end();
      return;
    }
    if (!takes(request.headers.authorization)) {
      response.writeHead(401).end('{"details":"incorrect username or password"}');
      return;
    }
    asked.push(request.method === 'POST' ? [...posted.values()].toSorted() : url.searchParams.getAll('scope'));
    response
      .writeHead(tokenStatus, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token: `T${asked.length}`, ...answer }));
  });
  const server = await scriptedServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    request.resume();
    if (/^T\d+$/.test(token) && !revoked.has(token)) {
      response.end(`hello ${token}`);
      return;
    }
    const problem = error === undefined || token === '' ? '' : `,error="${error}"`;
    const named = realm ?? `${tokens.url.href}token`;
    response
      .writeHead(401, {
        'www-authenticate': `Bearer realm="${named}",service="reg",scope="repository:challenged:pull"${problem}`,
      })
      .end('{"errors":[]}');
  });
  return { server, tokens, asked, revoked };
}

/** A user with a password that no output may show. */
export const basic: Credential = { kind: 'basic', username: 'me', password: 'hunter2' };

/** The layer over real sockets. */
export function authenticated(
  credentials: CredentialSource = async () => undefined,
  clock: FakeClock = fakeClock(),
): Fetch {
  const sockets = transport({ clock, connections: 50 });
  onTestFinished(() => sockets.close());
  return authenticate({ clock, credentials, fetch: sockets.fetch })(sockets.fetch);
}

/** The permission to read one repository. */
export const pull = (repository: string): Scope => ({ repository, actions: ['pull'] });

/** Status and body of the answer to a request. */
export async function read(fetch: Fetch, url: URL, given: Partial<HttpRequest> = {}): Promise<string> {
  const response = await fetch(requestTo(url, given));
  return `${response.status} ${Buffer.from(await response.body.bytes(20_000)).toString()}`;
}

/** Answers with what a request was authorized by, and challenges the others. */
export const challenged =
  (challenge: string | string[]): Answer =>
  ({ headers: { authorization } }, response) =>
    void (authorization === undefined
      ? response.writeHead(401, { 'www-authenticate': challenge }).end()
      : response.end(authorization));
