import { describe, expect, it } from 'vitest';
import { rejection } from '../../../test/support/http-request.ts';
import { bodyOf, scriptedServer, type Answer } from '../../../test/support/scripted-server.ts';
import { authenticated, basic, challenged, pull, read, tokenRegistry } from '../../../test/support/token-registry.ts';
import { basicAuthorization, type Credential, type CredentialSource } from '../credentials/credential.ts';

const EXPIRED = '{"message":"Your Authorization Token has expired. Please run aws ecr get-login-password"}';

/** A source that has another password each time that one is refused. */
function renewing(): { readonly source: CredentialSource; readonly refused: (Credential | undefined)[] } {
  const refused: (Credential | undefined)[] = [];
  let current: Credential = { kind: 'basic', username: 'AWS', password: 'P1' };
  return {
    refused,
    source: async (_host, _signal, { refused: old } = {}) => {
      if (old === current) {
        refused.push(old);
        current = { kind: 'basic', username: 'AWS', password: `P${refused.length + 1}` };
      }
      return current;
    },
  };
}

const isPassword = (authorization: string | undefined, password: string): boolean =>
  authorization === basicAuthorization('AWS', password);

/** ECR when its tokens last for so many requests: the next one gets a 403. */
const expiring = (lasts: number): Answer => {
  const uses = new Map<string, number>();
  return async (request, response) => {
    await bodyOf(request);
    const { authorization } = request.headers;
    if (authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="https://ecr/",service="ecr.amazonaws.com"' }).end();
      return;
    }
    const used = (uses.get(authorization) ?? 0) + 1;
    uses.set(authorization, used);
    if (used > lasts) response.writeHead(403, { 'content-type': 'application/json' }).end(EXPIRED);
    else response.end(isPassword(authorization, 'P1') ? 'first' : 'second');
  };
};

describe('src/http/layers/authenticate.ts, when credentials expire', () => {
  it('renews the password when ECR reports an expired token in a 403, and replays the request', async () => {
    const server = await scriptedServer(expiring(2));
    const { source, refused } = renewing();
    const fetch = authenticated(source);
    const put = { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.from('manifest') } } as const;
    expect(await read(fetch, server.url)).toBe('200 first');
    expect(await read(fetch, server.url, put)).toBe('200 first');
    expect(await read(fetch, server.url, put)).toBe('200 second');
    expect(refused).toHaveLength(1);
    expect(server.requests).toHaveLength(5);
  });

  it('renews a stale credential once at its first use', async () => {
    for (const [good, answer, requests] of [
      ['P2', '200 in', 3],
      ['P9', '401 ', 3],
    ] as const) {
      const server = await scriptedServer((request, response) => {
        if (isPassword(request.headers.authorization, good)) response.end('in');
        else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      });
      expect(await read(authenticated(renewing().source), server.url)).toBe(answer);
      expect(server.requests).toHaveLength(requests);
    }
  });

  it('returns a 403 that a renewed password does not change, and any other with its message', async () => {
    const server = await scriptedServer(expiring(0));
    expect(await read(authenticated(renewing().source), server.url)).toBe(`403 ${EXPIRED}`);
    const denying = await scriptedServer((request, response) =>
      request.headers.authorization === undefined
        ? void challenged('Basic realm="x"')(request, response)
        : void response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}'),
    );
    const { source, refused } = renewing();
    const fetch = authenticated(source);
    for (let time = 0; time < 2; time += 1)
      expect(await read(fetch, denying.url)).toBe('403 {"errors":[{"code":"DENIED"}]}');
    expect(refused).toHaveLength(0);
  });

  it('throws REPLAY_NEEDED for a stream after an expired token', async () => {
    const server = await scriptedServer(expiring(1));
    const fetch = authenticated(renewing().source);
    await read(fetch, server.url);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('blob');
    }
    const upload = { method: 'PUT', body: { kind: 'stream', length: 4, chunks: chunks() } } as const;
    expect(await rejection(read(fetch, server.url, upload))).toMatchObject({ code: 'REPLAY_NEEDED' });
  });

  it('believes two rejections of a password that was accepted before, but not one', async () => {
    let refusing = 0;
    const server = await scriptedServer((request, response) => {
      if (refusing > 0 && request.headers.authorization !== undefined) {
        refusing -= 1;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      } else void challenged('Basic realm="x"')(request, response);
    });
    const fetch = authenticated(async () => basic);
    await read(fetch, server.url);
    refusing = 1;
    expect(await read(fetch, server.url)).toMatch(/^200/);
    refusing = 2;
    expect(await read(fetch, server.url)).toMatch(/^401/);
    expect(refusing).toBe(0);
  });

  it('renews the credential when the token server rejects the current one', async () => {
    const { server, tokens, revoked } = await tokenRegistry({
      takes: (authorization) => !isPassword(authorization, 'P1'),
    });
    const { source, refused } = renewing();
    const fetch = authenticated(source);
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    expect(refused).toHaveLength(1);
    revoked.add('T1');
    expect(await read(fetch, server.url, { scopes: [pull('a')] })).toBe('200 hello T2');
    expect(tokens.requests).toHaveLength(3);
  });

  it('retries a credential once at an overloaded token server if it was accepted before', async () => {
    let refusals = 1;
    const takes = (): boolean => (refusals -= 1) < 0;
    const wrong = await tokenRegistry({ takes });
    const fetch = authenticated(async () => basic);
    expect(await rejection(read(fetch, wrong.server.url, { scopes: [pull('a')] }))).toMatchObject({
      code: 'UNAUTHORIZED',
    });
    expect(wrong.tokens.requests).toHaveLength(1);
    expect(await read(fetch, wrong.server.url, { scopes: [pull('a')] })).toBe('200 hello T1');
    refusals = 1;
    expect(await read(fetch, wrong.server.url, { scopes: [pull('b')] })).toBe('200 hello T2');
    expect(wrong.tokens.requests).toHaveLength(4);
  });

  it('keeps tokens of over 8 KiB, one for each repository', async () => {
    const long = `T1${'0'.repeat(10_000)}`;
    const { server, asked } = await tokenRegistry({ answer: { token: long } });
    const fetch = authenticated();
    for (const repository of ['a', 'b', 'a', 'b'])
      expect(await read(fetch, server.url, { scopes: [pull(repository)] })).toMatch(/^200/);
    expect(asked).toEqual([['repository:a:pull'], ['repository:b:pull']]);
    expect(server.headers.at(-1)?.authorization).toBe(`Bearer ${long}`);
  });
});
