import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer, type Answer } from '../../../test/support/scripted-server.ts';
import { authenticated, basic, pull, read, tokenRegistry } from '../../../test/support/token-registry.ts';
import { PromotionError } from '../../errors.ts';
import type { RunEvent } from '../../events.ts';
import { authenticate } from './authenticate.ts';
import { basicAuthorization, type CredentialSource } from '../credentials/credential.ts';
import type { Access, Fetch, HttpRequest } from '../fetch.ts';
import { transport } from '../transport/transport.ts';

const PASSWORD = basicAuthorization('me', 'hunter2');
const mine: CredentialSource = async () => basic;

/** Denies to the anonymous what the password opens; `/v2/` answers as given. */
const hiding =
  (ping: Answer, denial = 404): Answer =>
  (request, response) => {
    if (request.headers.authorization === PASSWORD) response.end('private');
    else if (request.url === '/v2/') void ping(request, response);
    else response.writeHead(denial).end('{"errors":[{"code":"NAME_UNKNOWN"}]}');
  };

const says =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    void response.writeHead(status, headers).end();

const accessOf = async (fetch: Fetch, url: URL, given: Partial<HttpRequest> = {}): Promise<Access | undefined> => {
  const { access, body } = await fetch(requestTo(url, given));
  await body.discard();
  return access;
};

describe('src/http/layers/authenticate.ts, before an anonymous answer is believed', () => {
  it.each([404, 403])(
    'logs in to a registry that requires it at /v2/ only and sends %i to anonymous requests',
    async (status) => {
      const server = await scriptedServer(hiding(says(401, { 'www-authenticate': 'Basic realm="x"' }), status));
      const fetch = authenticated(mine);
      for (const path of ['/v2/a/tags/list', '/v2/b/tags/list'])
        expect(await read(fetch, new URL(path, server.url))).toBe('200 private');
      expect(server.requests).toEqual(['GET /v2/', 'GET /v2/a/tags/list', 'GET /v2/b/tags/list']);
    },
  );

  it.each([200, 404, 403])(
    'sends a password to a registry without a challenge that responds %i at /v2/',
    async (status) => {
      const server = await scriptedServer(hiding(says(status)));
      const fetch = authenticated(mine);
      expect(await read(fetch, new URL('/v2/a/tags/list', server.url))).toBe('200 private');
      expect(await read(fetch, new URL('/v2/b/tags/list', server.url), { method: 'HEAD' })).toBe('200 ');
      expect(server.requests).toEqual(['GET /v2/', 'GET /v2/a/tags/list', 'HEAD /v2/b/tags/list']);
    },
  );

  it('answers a 401 that names no scheme with the password', async () => {
    const server = await scriptedServer(hiding(says(401), 401));
    expect(await read(authenticated(mine), server.url)).toBe('200 private');
  });

  it('requests /v2/ once for concurrent callers', async () => {
    const server = await scriptedServer(hiding(says(401, { 'www-authenticate': 'Basic realm="x"' })));
    const fetch = authenticated(mine);
    const paths = Array.from({ length: 20 }, (_, index) => `/v2/app${index}/tags/list`);
    await Promise.all(paths.map((path) => read(fetch, new URL(path, server.url))));
    expect(server.requests.toSorted()).toEqual(['GET /v2/', ...paths.map((path) => `GET ${path}`)].toSorted());
  });

  it('sends no further request without credentials, or for an address that another host named', async () => {
    const server = await scriptedServer(hiding(says(401)));
    expect(await read(authenticated(), server.url)).toMatch(/^404/);
    const from = new URL('http://127.0.0.1:1/');
    expect(await read(authenticated(mine), server.url, { anonymous: true, from })).toMatch(/^404/);
    expect(server.requests).toEqual(['GET /', 'GET /']);
  });

  it('requests /v2/ again if it failed and an anonymous request is denied', async () => {
    let asked = 0;
    const ping: Answer = (request, response) => says((asked += 1) === 1 ? 503 : 200)(request, response);
    const server = await scriptedServer(hiding(ping));
    expect(await read(authenticated(mine), new URL('/x', server.url))).toBe('200 private');
    expect(server.requests).toEqual(['GET /v2/', 'GET /x', 'GET /v2/', 'GET /x']);
  });

  it('believes no denial while /v2/ fails, but accepts a successful anonymous response', async () => {
    const server = await scriptedServer((request, response) =>
      says(request.url === '/v2/' ? 500 : request.url === '/public' ? 200 : 404)(request, response),
    );
    const fetch = authenticated(mine);
    expect(await read(fetch, new URL('/public', server.url))).toBe('200 ');
    expect(await rejection(read(fetch, new URL('/x', server.url)))).toMatchObject({
      code: 'REGISTRY_ERROR',
      message: expect.stringContaining('getting the login scheme') as string,
    });
  });

  it('reports a failing source only if the registry denies access', async () => {
    const server = await scriptedServer((request, response) =>
      says(request.url === '/public' ? 200 : 404)(request, response),
    );
    const broken = new PromotionError('UNAUTHORIZED', 'the helper is not there');
    const fetch = authenticated(() => Promise.reject(broken));
    expect(await read(fetch, new URL('/public', server.url))).toBe('200 ');
    expect(await rejection(read(fetch, new URL('/private', server.url)))).toBe(broken);
  });

  it('sends no unrequested password to a host with another scheme, or over plain HTTP on a public network', async () => {
    const digest = await scriptedServer(says(401, { 'www-authenticate': 'Digest realm="x"' }));
    await read(authenticated(mine), digest.url);
    const open = await scriptedServer(hiding(says(200)));
    const clock = fakeClock();
    const sockets = transport({ clock, connections: 5 });
    onTestFinished(() => sockets.close());
    const outside = authenticate({ clock, credentials: mine, fetch: sockets.fetch, inside: () => false })(
      sockets.fetch,
    );
    expect(await read(outside, open.url)).toMatch(/^404/);
    for (const { headers } of [digest, open]) expect(JSON.stringify(headers)).not.toContain('Basic');
  });

  it('replays a denied request without scopes with a token', async () => {
    const { server, tokens } = await tokenRegistry();
    const catalog = await scriptedServer((request, response) => {
      const isIn = request.headers.authorization?.startsWith('Bearer T') === true;
      const challenge = `Bearer realm="${tokens.url.href}token",service="x"`;
      const answer = request.url === '/v2/' ? says(401, { 'www-authenticate': challenge }) : says(isIn ? 200 : 403);
      return answer(request, response);
    });
    expect(await read(authenticated(mine), new URL('/v2/_catalog', catalog.url))).toBe('200 ');
    expect(catalog.requests).toEqual(['GET /v2/', 'GET /v2/_catalog', 'GET /v2/_catalog']);
    expect(server.requests).toEqual([]);
  });

  it("gets a token for each repository with that repository's credentials", async () => {
    const { server, tokens } = await tokenRegistry();
    const fetch = authenticated(async (_host, _signal, { repository = '' } = {}) => {
      const username = repository.split('/')[0] ?? '';
      return username === 'public' ? undefined : { kind: 'basic', username, password: 'x' };
    });
    for (const name of ['a/app', 'b/app', 'public/app']) await read(fetch, server.url, { scopes: [pull(name)] });
    const mount = { scopes: [pull('b/app'), pull('a/app')] };
    await read(fetch, server.url, mount);
    const users = [basicAuthorization('a', 'x'), basicAuthorization('b', 'x'), undefined, basicAuthorization('b', 'x')];
    expect(tokens.headers.map(({ authorization }) => authorization)).toEqual(users);
  });
});

describe('src/http/layers/authenticate.ts, what it says of a refusal', () => {
  const named: CredentialSource = async () => ({ ...basic, from: '~/.docker/config.json' });
  const name = 'the credentials from ~/.docker/config.json (user me)';

  it('names the credentials that the registry or its token server rejected', async () => {
    const server = await scriptedServer(says(401, { 'www-authenticate': 'Basic realm="x"' }));
    expect(await accessOf(authenticated(named), server.url)).toEqual({ kind: 'sent', name, taken: false });
    const { server: bearer, revoked } = await tokenRegistry();
    for (let number = 1; number < 10; number += 1) revoked.add(`T${number}`);
    expect(await accessOf(authenticated(named), bearer.url)).toEqual({ kind: 'sent', name, taken: true });
    expect(await accessOf(authenticated(), bearer.url)).toEqual({ kind: 'anonymous' });
  });

  it('names credentials that could not be sent, and those withheld from another host', async () => {
    const server = await scriptedServer(says(401, { 'www-authenticate': 'Digest realm="x", Negotiate' }));
    const unused = { kind: 'unused', name, offered: ['digest', 'negotiate'] };
    expect(await accessOf(authenticated(named), server.url)).toEqual(unused);
    const from = new URL('http://127.0.0.1:1/v2/');
    expect(await accessOf(authenticated(named), server.url, { anonymous: true, from })).toEqual({
      kind: 'withheld',
      from: '127.0.0.1:1',
    });
  });

  it('logs the credentials in use once at level debug, never a secret', async () => {
    const events: RunEvent[] = [];
    const clock = fakeClock();
    const sockets = transport({ clock, connections: 5 });
    onTestFinished(() => sockets.close());
    const narrate = (event: RunEvent): void => void events.push(event);
    const server = await scriptedServer(hiding(says(200)));
    const world = { clock, fetch: sockets.fetch, narrate };
    for (const credentials of [named, async () => undefined]) {
      const fetch = authenticate({ ...world, credentials })(sockets.fetch);
      for (let count = 0; count < 3; count += 1) await read(fetch, server.url);
    }
    const lines = [
      `Using ${name} for ${server.url.host}`,
      `No credentials for ${server.url.host}: its requests are anonymous`,
    ];
    expect(events).toEqual(lines.map((message) => ({ type: 'log', level: 'debug', message })));
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });
});
