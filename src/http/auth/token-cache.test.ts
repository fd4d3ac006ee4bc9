import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { authenticated, basic, challenged, pull, read, tokenRegistry } from '../../../test/support/token-registry.ts';
import { authenticate } from '../layers/authenticate.ts';
import type { Fetch } from '../fetch.ts';
import { bodyOf } from '../transport/response-body.ts';

describe('src/http/auth/token-cache.ts', () => {
  it('requests one token for concurrent requests', async () => {
    const { server, asked } = await tokenRegistry();
    const fetch = authenticated();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => read(fetch, server.url, { scopes: [pull('a')] })),
    );
    expect(new Set(answers)).toEqual(new Set(['200 hello T1']));
    expect(asked).toHaveLength(1);
  });

  it('keeps a shared token request alive when one caller aborts', async () => {
    const { server } = await tokenRegistry();
    const fetch = authenticated();
    const leaving = new AbortController();
    const gone = rejection(read(fetch, server.url, { scopes: [pull('a')], signal: leaving.signal }));
    const staying = read(fetch, server.url, { scopes: [pull('a')] });
    await server.came(2);
    leaving.abort(new Error('enough'));
    expect(await gone).toEqual(new Error('enough'));
    expect(await staying).toMatch(/^200 hello T/);
  });

  it('renews a token before it expires, and assumes a lifetime of at least a minute', async () => {
    for (const [answer, life] of [
      [{}, 60],
      [{ expires_in: 5 }, 60],
      [{ expires_in: 'soon' }, 60],
      [{ expires_in: 3600 }, 3600],
    ] as const) {
      const { server, asked } = await tokenRegistry({ answer });
      const clock = fakeClock();
      const fetch = authenticated(undefined, clock);
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

  it('renews a token before a large body when less than half of its life is left', async () => {
    const { server, asked } = await tokenRegistry({ answer: { expires_in: 120 } });
    const clock = fakeClock();
    const fetch = authenticated(undefined, clock);
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

  it('reads access_token as token, and rejects an invalid token', async () => {
    const { server } = await tokenRegistry({ answer: { token: '', access_token: 'T7' } });
    expect(await read(authenticated(), server.url)).toBe('200 hello T7');
    const evil = await tokenRegistry({ answer: { token: 'a\r\nb: c' } });
    expect(await rejection(read(authenticated(), evil.server.url))).toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  it('exchanges an identity token by POST', async () => {
    const { server, tokens, asked } = await tokenRegistry();
    const fetch = authenticated(async () => ({ kind: 'identity', username: '', token: 'refresh' }));
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(tokens.requests).toEqual(['POST /token']);
    expect(asked[0]).toEqual(['kpromo', 'refresh', 'refresh_token', 'reg', 'repository:a:pull'].toSorted());
  });

  it.each([404, 405])('falls back to GET when the token server responds %i to a POST', async (postStatus) => {
    const { server, tokens } = await tokenRegistry({ postStatus });
    const fetch = authenticated(async () => ({ kind: 'identity', username: 'me', token: 'refresh' }));
    expect(await read(fetch, server.url)).toBe('200 hello T1');
    expect(tokens.headers[1]?.authorization).toBe(`Basic ${Buffer.from('me:refresh').toString('base64')}`);
  });

  it('sends a registry token unchanged', async () => {
    const { server, tokens } = await tokenRegistry();
    expect(
      await read(
        authenticated(async () => ({ kind: 'registry', token: 'T99' })),
        server.url,
      ),
    ).toBe('200 hello T99');
    expect(tokens.requests).toEqual([]);
  });

  it('counts token requests on the meter of the request', async () => {
    const { server } = await tokenRegistry();
    const meter = { requests: 0, bytes: 0 };
    await read(authenticated(), server.url, { meter });
    expect(meter.requests).toBe(3);
  });

  it("quotes the token server's message, and hints how to log in", async () => {
    const { server } = await tokenRegistry({ tokenStatus: 401, answer: { details: 'incorrect username or password' } });
    const error = await rejection(
      read(
        authenticated(async () => basic),
        server.url,
      ),
    );
    expect(error).toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('incorrect username or password'),
      hint: expect.stringContaining('refused the credentials (user me)'),
    });
    expect(String(error)).not.toContain('hunter2');
  });

  it('resolves a realm relative to the registry', async () => {
    const server = await scriptedServer((request, response) => {
      if (request.url?.startsWith('/auth') === true) response.end('{"token":"T1"}');
      else void challenged('Bearer realm="/auth?x=1",service="s"')(request, response);
    });
    expect(await read(authenticated(), server.url)).toBe('200 Bearer T1');
    expect(server.requests).toEqual(['GET /', 'GET /auth?x=1&service=s', 'GET /']);
  });

  it.each([
    'http://169.254.169.254/token',
    'http://metadata.google.internal/',
    'http://[fd00:ec2::254]/',
    'ftp://127.0.0.1/',
  ])('rejects the realm %s', async (realm) => {
    const { server } = await tokenRegistry({ realm });
    expect(
      await rejection(
        read(
          authenticated(async () => basic),
          server.url,
        ),
      ),
    ).toMatchObject({ code: 'REFUSED_ADDRESS' });
  });

  it.each(['http://auth.example/token', 'https://10.0.0.1/token', 'https://localhost/token'])(
    'rejects the realm %s of a public registry on HTTPS',
    async (realm) => {
      const asked: URL[] = [];
      const answer: Fetch = async (request) => ({
        status: 401,
        headers: new Map([['www-authenticate', [`Bearer realm="${realm}"`]]]),
        url: (asked.push(request.url), request.url),
        body: bodyOf(new Uint8Array(), ''),
      });
      const fetch = authenticate({ clock: fakeClock(), credentials: async () => basic, fetch: answer })(answer);
      expect(await rejection(fetch(requestTo('https://registry.example/v2/')))).toMatchObject({
        code: 'REFUSED_ADDRESS',
      });
      expect(new Set(asked.map(({ host }) => host))).toEqual(new Set(['registry.example']));
    },
  );
});
