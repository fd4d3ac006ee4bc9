import { describe, expect, it } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { authenticated, basic, challenged, pull, read, tokenRegistry } from '../../../test/support/token-registry.ts';
import type { HttpRequest } from '../fetch.ts';

describe('src/http/layers/authenticate.ts', () => {
  it('answers a challenge once, and sends the next request with the token from the start', async () => {
    const { server, asked } = await tokenRegistry();
    const fetch = authenticated();
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(await read(fetch, server.url, { scopes: [pull('b')] })).toBe('200 hello T2');
    expect(server.requests).toHaveLength(4);
    expect(asked).toEqual([['repository:a:pull'], ['repository:b:pull']]);
  });

  it('requests a token for all scopes at once, with sorted actions', async () => {
    const { server, asked } = await tokenRegistry();
    const fetch = authenticated();
    await read(fetch, server.url);
    await read(fetch, server.url, { scopes: [{ repository: 'to', actions: ['push', 'pull'] }, pull('from')] });
    expect(asked).toEqual([['repository:challenged:pull'], ['repository:from:pull', 'repository:to:pull,push']]);
  });

  it('sends basic credentials to the token server and to no other', async () => {
    const { server, tokens } = await tokenRegistry();
    const hosts: string[] = [];
    await read(
      authenticated(async (host) => (hosts.push(host), basic)),
      server.url,
    );
    expect(new Set(hosts)).toEqual(new Set([server.url.host]));
    expect(tokens.headers[0]?.authorization).toBe(`Basic ${Buffer.from('me:hunter2').toString('base64')}`);
    expect(JSON.stringify(server.headers)).not.toContain('Basic');
  });

  it('drops a rejected token, and replays the request once', async () => {
    const { server, asked, revoked } = await tokenRegistry();
    const fetch = authenticated();
    await read(fetch, server.url, { scopes: [pull('a')] });
    revoked.add('T1');
    const body = { kind: 'bytes', bytes: Buffer.from('again') } as const;
    expect(await read(fetch, server.url, { method: 'PUT', body, scopes: [pull('a')] })).toBe('200 hello T2');
    expect(asked).toHaveLength(2);
  });

  it('requests the scopes of the challenge when those of the request are not enough', async () => {
    const { server, asked, revoked } = await tokenRegistry();
    const fetch = authenticated();
    await read(fetch, server.url, { scopes: [pull('a')] });
    revoked.add('T1');
    await read(fetch, server.url, { scopes: [pull('a')] });
    expect(asked).toEqual([['repository:a:pull'], ['repository:a:pull', 'repository:challenged:pull']]);
  });

  it('returns a 401 after one replay', async () => {
    const { server, revoked } = await tokenRegistry();
    const fetch = authenticated();
    for (let number = 1; number < 10; number += 1) revoked.add(`T${number}`);
    expect(await read(fetch, server.url)).toMatch(/^401/);
    expect(server.requests).toHaveLength(2);
  });

  it('requests another token when a new one is called invalid, and returns the 401 after four', async () => {
    for (const [invalid, answer, sent] of [
      [3, '200 hello T4', 5],
      [9, '401 {"errors":[]}', 5],
    ] as const) {
      const { server, revoked } = await tokenRegistry({ error: 'invalid_token' });
      for (let number = 1; number <= invalid; number += 1) revoked.add(`T${number}`);
      expect(await read(authenticated(), server.url, { scopes: [pull('challenged')] })).toBe(answer);
      expect(server.requests).toHaveLength(sent);
    }
  });

  it('throws REPLAY_NEEDED for a stream after a 401, and has a new token for the next attempt', async () => {
    const { server, revoked } = await tokenRegistry();
    const fetch = authenticated();
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

  it('answers Basic among several challenges, and sends the next request with it from the start', async () => {
    const server = await scriptedServer(challenged(['Negotiate', 'Basic realm="x"']));
    const fetch = authenticated(async () => basic);
    await read(fetch, server.url);
    expect(await read(fetch, server.url)).toBe(`200 Basic ${Buffer.from('me:hunter2').toString('base64')}`);
    expect(server.requests).toHaveLength(3);
  });

  it('returns the 401 without credentials, with wrong ones, and for an unknown scheme', async () => {
    const server = await scriptedServer(
      (_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic' }).end(),
    );
    expect(await read(authenticated(), server.url)).toMatch(/^401/);
    expect(server.requests).toHaveLength(1);
    const wrong = authenticated(async () => basic);
    await read(wrong, server.url);
    expect(server.requests).toHaveLength(3);
    await read(wrong, server.url);
    expect(server.requests).toHaveLength(4);
    const odd = await scriptedServer(challenged('Digest realm="x"'));
    expect(
      await read(
        authenticated(async () => basic),
        odd.url,
      ),
    ).toMatch(/^401/);
  });

  it('sends no credentials with an anonymous hop', async () => {
    const server = await scriptedServer(challenged('Basic realm="x"'));
    const { server: bearer, tokens } = await tokenRegistry();
    const fetch = authenticated(async () => basic);
    expect(await read(fetch, server.url, { anonymous: true })).toMatch(/^401/);
    expect(await read(fetch, bearer.url, { anonymous: true })).toMatch(/^200/);
    expect(tokens.headers[0]?.authorization).toBeUndefined();
  });

  it("leaves the request's own authorization unchanged", async () => {
    const { server } = await tokenRegistry();
    expect(
      await read(
        authenticated(async () => basic),
        server.url,
        { headers: { authorization: 'Bearer mine' } },
      ),
    ).toMatch(/^401/);
    expect(server.requests).toHaveLength(1);
  });
});
