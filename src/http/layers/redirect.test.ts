import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { bodyOf as sentTo, scriptedServer, type Answer } from '../../../test/support/scripted-server.ts';
import { realClock } from '../../clock.ts';
import type { Fetch, HttpRequest } from '../fetch.ts';
import { redirect } from './redirect.ts';
import { bodyOf } from '../transport/response-body.ts';
import { transport } from '../transport/transport.ts';

/** Follows over real sockets, and notes what the layer inside was asked for. */
function following(): { readonly fetch: Fetch; readonly hops: HttpRequest[] } {
  const sockets = transport({ clock: realClock(), connections: 5 });
  onTestFinished(() => sockets.close());
  const hops: HttpRequest[] = [];
  const noted: Fetch = async (request) => {
    hops.push(request);
    return sockets.fetch(request);
  };
  return { fetch: redirect()(noted), hops };
}

const to =
  (location: string, status = 307): Answer =>
  (_request, response) =>
    void response.writeHead(status, { location }).end('moved');

describe('src/http/layers/redirect.ts', () => {
  it.each([301, 302, 303, 307, 308])('follows a GET and a HEAD after %i', async (status) => {
    const server = await scriptedServer((request, response) =>
      request.url === '/new' ? void response.end('here') : to('/new', status)(request, response),
    );
    const { fetch } = following();
    for (const method of ['GET', 'HEAD'] as const) {
      const response = await fetch(requestTo(server.url, { method }));
      expect([response.status, response.url.pathname]).toEqual([200, '/new']);
      await response.body.discard();
    }
    expect(server.requests).toEqual(['GET /', 'GET /new', 'HEAD /', 'HEAD /new']);
  });

  it('drops credentials and scopes when the origin changes', async () => {
    const storage = await scriptedServer((_request, response) => void response.end('blob'));
    const registry = await scriptedServer(to(`http://someone:secret@127.0.0.1:${storage.url.port}/blob?sig=1`));
    const { fetch, hops } = following();
    const headers = { Authorization: 'Bearer secret', cookie: 'a=b', range: 'bytes=5-' };
    await fetch(requestTo(registry.url, { headers, scopes: [{ repository: 'app', actions: ['pull'] }] }));
    expect(storage.headers[0]?.authorization).toBeUndefined();
    expect(storage.headers[0]?.cookie).toBeUndefined();
    expect(storage.headers[0]?.range).toBe('bytes=5-');
    expect(hops[1]?.scopes).toBeUndefined();
    expect(hops[1]?.anonymous).toBe(true);
  });

  it('keeps credentials and scopes within the origin', async () => {
    const server = await scriptedServer((request, response) =>
      request.url === '/new' ? void response.end() : to('/new')(request, response),
    );
    const { fetch, hops } = following();
    await fetch(
      requestTo(server.url, {
        headers: { authorization: 'Bearer mine' },
        scopes: [{ repository: 'app', actions: ['pull'] }],
      }),
    );
    expect(server.headers[1]?.authorization).toBe('Bearer mine');
    expect(hops[1]?.scopes).toHaveLength(1);
    expect(hops[1]?.anonymous).toBeUndefined();
  });

  it('treats an address that a server named like a redirect: drops everything meant for that server', async () => {
    const elsewhere = await scriptedServer((_request, response) => void response.writeHead(201).end());
    const registry = new URL('http://127.0.0.1:1/v2/app/blobs/uploads/');
    const { fetch, hops } = following();
    const upload = { method: 'PUT', from: registry, scopes: [{ repository: 'app', actions: ['push'] }] } as const;
    await fetch(requestTo(elsewhere.url, { ...upload, headers: { authorization: 'Bearer mine' } }));
    expect(elsewhere.headers[0]?.authorization).toBeUndefined();
    expect(hops[0]).toMatchObject({ anonymous: true });
    expect(hops[0]?.scopes).toBeUndefined();
    await fetch(requestTo(elsewhere.url, { ...upload, from: elsewhere.url }));
    expect(hops[1]?.scopes).toEqual(upload.scopes);
    expect(
      await rejection(fetch(requestTo('http://127.0.0.1/', { ...upload, from: new URL('http://a.example/') }))),
    ).toMatchObject({
      code: 'REFUSED_ADDRESS',
      message: expect.stringContaining('private address'),
    });
  });

  it('rejects a metadata address, even if the request claims permission', async () => {
    const request = requestTo('http://169.254.169.254/', { metadata: 'google' });
    expect(await rejection(following().fetch(request))).toMatchObject({ code: 'REFUSED_ADDRESS' });
  });

  it('ends a loop after five hops', async () => {
    const server = await scriptedServer(to('/again'));
    expect(await rejection(following().fetch(requestTo(server.url)))).toMatchObject({
      code: 'REGISTRY_PROTOCOL',
      message: expect.stringContaining('more than 5 redirects'),
    });
    expect(server.requests).toHaveLength(6);
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://metadata.google.internal/',
    'http://[fe80::1]/',
    'file:///etc/passwd',
  ])('rejects a redirect to %s', async (location) => {
    const server = await scriptedServer(to(location));
    expect(await rejection(following().fetch(requestTo(server.url)))).toMatchObject({ code: 'REFUSED_ADDRESS' });
    expect(server.requests).toHaveLength(1);
  });

  it('rejects a metadata address also as the first address', async () => {
    expect(await rejection(following().fetch(requestTo('http://169.254.169.254/')))).toMatchObject({
      code: 'REFUSED_ADDRESS',
    });
  });

  it.each([
    ['https://registry.example/', 'http://cdn.example/', 'plain HTTP'],
    ['https://registry.example/', 'https://10.0.0.1/', 'private'],
  ])('rejects a redirect from %s to %s', async (from, location, words) => {
    const answer: Fetch = async (request) => ({
      status: 307,
      headers: new Map([['location', [location]]]),
      url: request.url,
      body: bodyOf(new Uint8Array(), ''),
    });
    expect(await rejection(redirect()(answer)(requestTo(from)))).toMatchObject({
      code: 'REFUSED_ADDRESS',
      message: expect.stringContaining(words),
    });
  });

  it('keeps HTTPS when an address differs only by its scheme, in a redirect and in an upload address', async () => {
    const asked: HttpRequest[] = [];
    const answer: Fetch = async (request) => {
      asked.push(request);
      return {
        status: asked.length === 1 ? 307 : 200,
        headers: new Map([['location', ['http://registry.example/new']]]),
        url: request.url,
        body: bodyOf(new Uint8Array(), ''),
      };
    };
    const scopes = [{ repository: 'app', actions: ['pull'] as const }];
    await redirect()(answer)(requestTo('https://registry.example/', { scopes }));
    const from = new URL('https://registry.example/v2/');
    await redirect()(answer)(requestTo('http://registry.example/upload', { method: 'PUT', from, scopes }));
    expect(asked.map(({ url }) => url.href)).toEqual([
      'https://registry.example/',
      'https://registry.example/new',
      'https://registry.example/upload',
    ]);
    expect(asked.map((request) => request.scopes)).toEqual([scopes, scopes, scopes]);
  });

  it("never shows the secrets of a redirect's address", async () => {
    const server = await scriptedServer(to('http://user:hunter2@169.254.1.1/x?X-Amz-Signature=hunter2'));
    const error = await rejection(following().fetch(requestTo(server.url)));
    expect(String(error)).not.toContain('hunter2');
  });

  it('resends bytes after 307 and 308, and returns other redirects of a write', async () => {
    const bodies: string[] = [];
    const server = await scriptedServer(async (request, response) => {
      bodies.push((await sentTo(request)).toString());
      const status = Number(request.url?.slice(1));
      if (status === 201) response.writeHead(201).end();
      else response.writeHead(status, { location: '/201' }).end();
    });
    const { fetch } = following();
    const sent = async (status: number): Promise<number> =>
      (
        await fetch(
          requestTo(new URL(`/${status}`, server.url), {
            method: 'PUT',
            body: { kind: 'bytes', bytes: Buffer.from('m') },
          }),
        )
      ).status;
    expect([await sent(307), await sent(308), await sent(301), await sent(303)]).toEqual([201, 201, 301, 303]);
    expect(bodies).toEqual(['m', 'm', 'm', 'm', 'm', 'm']);
  });

  it('returns a redirect of a stream, and one without a location', async () => {
    const server = await scriptedServer((request, response) =>
      request.method === 'PUT' ? to('/new')(request, response) : void response.writeHead(304).end(),
    );
    const { fetch } = following();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('blob');
    }
    expect(
      (await fetch(requestTo(server.url, { method: 'PUT', body: { kind: 'stream', length: 4, chunks: chunks() } })))
        .status,
    ).toBe(307);
    expect((await fetch(requestTo(server.url))).status).toBe(304);
  });
});
