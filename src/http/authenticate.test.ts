import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../test/support/http-request.ts';
import { bodyOf, scriptedServer, type ScriptedServer } from '../../test/support/scripted-server.ts';
import { authenticate } from './authenticate.ts';
import type { Credential, CredentialSource } from './credentials/credential.ts';
import type { Fetch, HttpRequest, Scope } from './fetch.ts';
import { transport } from './transport.ts';

type Registry = {
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
};

/** A registry that takes only tokens T1, T2, … of its token server. */
async function registry({
  answer = {},
  postStatus = 200,
  realm,
  tokenStatus = 200,
}: RegistryOptions = {}): Promise<Registry> {
  const asked: string[][] = [];
  const revoked = new Set<string>();
  const tokens = await scriptedServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const posted = new URLSearchParams((await bodyOf(request)).toString());
    if (request.method === 'POST' && postStatus !== 200) return void response.writeHead(postStatus).end();
    asked.push(request.method === 'POST' ? [...posted.values()].toSorted() : url.searchParams.getAll('scope'));
    response
      .writeHead(tokenStatus, { 'content-type': 'application/json' })
      .end(JSON.stringify({ token: `T${asked.length}`, ...answer }));
  });
  const server = await scriptedServer((request, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    request.resume();
    if (/^T\d+$/.test(token) && !revoked.has(token)) return void response.end(`hello ${token}`);
    const named = realm ?? `${tokens.url.href}token`;
    response
      .writeHead(401, {
        'www-authenticate': `Bearer realm="${named}",service="reg",scope="repository:challenged:pull"`,
      })
      .end('{"errors":[]}');
  });
  return { server, tokens, asked, revoked };
}

const basic: Credential = { kind: 'basic', username: 'me', password: 'hunter2' };

function opened(credentials: CredentialSource = async () => undefined, clock: FakeClock = fakeClock()): Fetch {
  const sockets = transport({ clock, connections: 50 });
  onTestFinished(() => sockets.close());
  return authenticate({ clock, credentials, fetch: sockets.fetch })(sockets.fetch);
}

const pull = (repository: string): Scope => ({ repository, actions: ['pull'] });

async function read(fetch: Fetch, url: URL, given: Partial<HttpRequest> = {}): Promise<string> {
  const response = await fetch(requestTo(url, given));
  return `${response.status} ${Buffer.from(await response.body.bytes(1000)).toString()}`;
}

const challenged = (challenge: string | string[]) => (request: IncomingMessage, response: ServerResponse) =>
  void (request.headers.authorization === undefined
    ? response.writeHead(401, { 'www-authenticate': challenge }).end()
    : response.end(request.headers.authorization));

describe('src/http/authenticate.ts', () => {
  it('answers a challenge once, and brings the next token along unasked', async () => {
    const { server, asked } = await registry();
    const fetch = opened();
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(await read(fetch, server.url, { scopes: [pull('b')] })).toBe('200 hello T2');
    expect(server.requests).toHaveLength(4);
    expect(asked).toEqual([['repository:a:pull'], ['repository:b:pull']]);
  });

  it('asks for all scopes in one request, actions sorted', async () => {
    const { server, asked } = await registry();
    const fetch = opened();
    await read(fetch, server.url);
    await read(fetch, server.url, { scopes: [{ repository: 'to', actions: ['push', 'pull'] }, pull('from')] });
    expect(asked).toEqual([['repository:challenged:pull'], ['repository:from:pull', 'repository:to:pull,push']]);
  });

  it('gets one token for many requests at the same time', async () => {
    const { server, asked } = await registry();
    const fetch = opened();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => read(fetch, server.url, { scopes: [pull('a')] })),
    );
    expect(new Set(answers)).toEqual(new Set(['200 hello T1']));
    expect(asked).toHaveLength(1);
  });

  it("does not let one caller's abort take the token from another", async () => {
    const { server } = await registry();
    const fetch = opened();
    const leaving = new AbortController();
    const gone = rejection(read(fetch, server.url, { scopes: [pull('a')], signal: leaving.signal }));
    const staying = read(fetch, server.url, { scopes: [pull('a')] });
    await server.came(2);
    leaving.abort(new Error('enough'));
    expect(await gone).toEqual(new Error('enough'));
    expect(await staying).toMatch(/^200 hello T/);
  });

  it('sends basic credentials to the token server and to nobody else', async () => {
    const { server, tokens } = await registry();
    const hosts: string[] = [];
    await read(
      opened(async (host) => (hosts.push(host), basic)),
      server.url,
    );
    expect(hosts).toEqual([server.url.host]);
    expect(tokens.headers[0]?.authorization).toBe(`Basic ${Buffer.from('me:hunter2').toString('base64')}`);
    expect(JSON.stringify(server.headers)).not.toContain('Basic');
  });

  it('drops a token that is no longer taken, and sends the request once more', async () => {
    const { server, asked, revoked } = await registry();
    const fetch = opened();
    await read(fetch, server.url, { scopes: [pull('a')] });
    revoked.add('T1');
    const body = { kind: 'bytes', bytes: Buffer.from('again') } as const;
    expect(await read(fetch, server.url, { method: 'PUT', body, scopes: [pull('a')] })).toBe('200 hello T2');
    expect(asked).toHaveLength(2);
  });

  it('asks for what the registry wants when what the request said is not enough', async () => {
    const { server, asked, revoked } = await registry();
    const fetch = opened();
    await read(fetch, server.url, { scopes: [pull('a')] });
    revoked.add('T1');
    await read(fetch, server.url, { scopes: [pull('a')] });
    expect(asked).toEqual([['repository:a:pull'], ['repository:a:pull', 'repository:challenged:pull']]);
  });

  it('hands on a 401 after one replay', async () => {
    const { server, revoked } = await registry();
    const fetch = opened();
    for (let number = 1; number < 10; number += 1) revoked.add(`T${number}`);
    expect(await read(fetch, server.url)).toMatch(/^401/);
    expect(server.requests).toHaveLength(2);
  });

  it('asks for a stream to be started anew after a 401, with a new token', async () => {
    const { server, revoked } = await registry();
    const fetch = opened();
    await read(fetch, server.url, { scopes: [pull('a')] });
    revoked.add('T1');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('blob');
    }
    const upload = (): Partial<HttpRequest> => ({
      method: 'PUT',
      operation: 'upload',
      scopes: [pull('a')],
      body: { kind: 'stream', length: 4, chunks: chunks() },
    });
    expect(await rejection(read(fetch, server.url, upload()))).toMatchObject({
      code: 'REPLAY_NEEDED',
      cause: { code: 'UNAUTHORIZED' },
    });
    expect(await read(fetch, server.url, upload())).toBe('200 hello T2');
  });

  it('renews a token before it expires, and a minute is the least it lives', async () => {
    for (const [answer, life] of [
      [{}, 60],
      [{ expires_in: 5 }, 60],
      [{ expires_in: 'soon' }, 60],
      [{ expires_in: 3600 }, 3600],
    ] as const) {
      const { server, asked } = await registry({ answer });
      const clock = fakeClock();
      const fetch = opened(undefined, clock);
      const again = (): Promise<string> => read(fetch, server.url, { scopes: [pull('a')] });
      await again();
      const margin = Math.min(30, life / 4);
      await clock.advance((life - margin - 1) * 1000);
      await again();
      expect(asked).toHaveLength(1);
      await clock.advance(1000);
      await again();
      expect(asked).toHaveLength(2);
    }
  });

  it('renews a token before a large body when less than its half is left', async () => {
    const { server, asked } = await registry({ answer: { expires_in: 120 } });
    const clock = fakeClock();
    const fetch = opened(undefined, clock);
    const put = (size: number): Promise<string> =>
      read(fetch, server.url, {
        method: 'PUT',
        scopes: [pull('a')],
        body: { kind: 'bytes', bytes: new Uint8Array(size) },
      });
    await put(10);
    await clock.advance(61_000);
    await put(10);
    expect(asked).toHaveLength(1);
    await put(2_000_000);
    expect(asked).toHaveLength(2);
  });

  it('takes access_token for token, and refuses what is no token', async () => {
    const { server } = await registry({ answer: { token: '', access_token: 'T7' } });
    expect(await read(opened(), server.url)).toBe('200 hello T7');
    const evil = await registry({ answer: { token: 'a\r\nb: c' } });
    expect(await rejection(read(opened(), evil.server.url))).toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it('exchanges an identity token by POST', async () => {
    const { server, tokens, asked } = await registry();
    const fetch = opened(async () => ({ kind: 'identity', username: '', token: 'refresh' }));
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(tokens.requests).toEqual(['POST /token']);
    expect(asked[0]).toEqual(['kpromo', 'refresh', 'refresh_token', 'reg', 'repository:a:pull'].toSorted());
  });

  it.each([404, 405])('falls back to GET when the token server answers %i to a POST', async (postStatus) => {
    const { server, tokens } = await registry({ postStatus });
    const fetch = opened(async () => ({ kind: 'identity', username: 'me', token: 'refresh' }));
    expect(await read(fetch, server.url)).toBe('200 hello T1');
    expect(tokens.headers[1]?.authorization).toBe(`Basic ${Buffer.from('me:refresh').toString('base64')}`);
  });

  it('sends a registry token as it is', async () => {
    const { server, tokens } = await registry();
    expect(
      await read(
        opened(async () => ({ kind: 'registry', token: 'T99' })),
        server.url,
      ),
    ).toBe('200 hello T99');
    expect(tokens.requests).toEqual([]);
  });

  it('counts token requests where the request is counted', async () => {
    const { server } = await registry();
    const meter = { requests: 0, bytes: 0 };
    await read(opened(), server.url, { meter });
    expect(meter.requests).toBe(3);
  });

  it('says what the token server said, and how to log in', async () => {
    const { server } = await registry({ tokenStatus: 401, answer: { details: 'incorrect username or password' } });
    const error = await rejection(
      read(
        opened(async () => basic),
        server.url,
      ),
    );
    expect(error).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('incorrect username or password'),
      hint: expect.stringContaining(`docker login ${server.url.host}`),
    });
    expect(String(error)).not.toContain('hunter2');
  });

  it('reads a realm relative to the registry', async () => {
    const server = await scriptedServer((request, response) => {
      if (request.url?.startsWith('/auth') === true) return void response.end('{"token":"T1"}');
      challenged('Bearer realm="/auth?x=1",service="s"')(request, response);
    });
    expect(await read(opened(), server.url)).toBe('200 Bearer T1');
    expect(server.requests).toEqual(['GET /', 'GET /auth?x=1&service=s', 'GET /']);
  });

  it.each([
    'http://169.254.169.254/token',
    'http://metadata.google.internal/',
    'http://[fd00:ec2::254]/',
    'ftp://127.0.0.1/',
  ])('refuses the realm %s', async (realm) => {
    const { server } = await registry({ realm });
    expect(
      await rejection(
        read(
          opened(async () => basic),
          server.url,
        ),
      ),
    ).toMatchObject({ code: 'REFUSED_ADDRESS' });
  });

  it.each(['http://auth.example/token', 'https://10.0.0.1/token', 'https://localhost/token'])(
    'refuses the realm %s of a public registry on HTTPS',
    async (realm) => {
      const asked: URL[] = [];
      const answer: Fetch = async (request) => ({
        status: 401,
        headers: new Map([['www-authenticate', [`Bearer realm="${realm}"`]]]),
        url: (asked.push(request.url), request.url),
        body: {
          bytes: async () => new Uint8Array(),
          stream: async function* () {},
          discard: async () => {},
          finished: Promise.resolve(),
        },
      });
      const fetch = authenticate({ clock: fakeClock(), credentials: async () => basic, fetch: answer })(answer);
      expect(await rejection(fetch(requestTo('https://registry.example/v2/')))).toMatchObject({
        code: 'REFUSED_ADDRESS',
      });
      expect(asked.map(({ host }) => host)).toEqual(['registry.example']);
    },
  );

  it('answers Basic among several challenges, and brings it along the next time', async () => {
    const server = await scriptedServer(challenged(['Negotiate', 'Basic realm="x"']));
    const fetch = opened(async () => basic);
    await read(fetch, server.url);
    expect(await read(fetch, server.url)).toBe(`200 Basic ${Buffer.from('me:hunter2').toString('base64')}`);
    expect(server.requests).toHaveLength(3);
  });

  it('hands on the 401 when it has no credentials, when they are wrong, and when it knows no scheme', async () => {
    const server = await scriptedServer(
      (_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic' }).end(),
    );
    expect(await read(opened(), server.url)).toMatch(/^401/);
    expect(server.requests).toHaveLength(1);
    const wrong = opened(async () => basic);
    await read(wrong, server.url);
    expect(server.requests).toHaveLength(3);
    await read(wrong, server.url);
    expect(server.requests).toHaveLength(4);
    const odd = await scriptedServer(challenged('Digest realm="x"'));
    expect(
      await read(
        opened(async () => basic),
        odd.url,
      ),
    ).toMatch(/^401/);
  });

  it('gives no credentials to an anonymous hop, whoever asks', async () => {
    const server = await scriptedServer(challenged('Basic realm="x"'));
    const { server: bearer, tokens } = await registry();
    const fetch = opened(async () => basic);
    expect(await read(fetch, server.url, { anonymous: true })).toMatch(/^401/);
    expect(await read(fetch, bearer.url, { anonymous: true })).toMatch(/^200/);
    expect(tokens.headers[0]?.authorization).toBeUndefined();
  });

  it('leaves an authorization alone that the request brings itself', async () => {
    const { server } = await registry();
    expect(
      await read(
        opened(async () => basic),
        server.url,
        { headers: { authorization: 'Bearer mine' } },
      ),
    ).toMatch(/^401/);
    expect(server.requests).toHaveLength(1);
  });
});
