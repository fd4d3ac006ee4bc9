import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../test/support/http-request.ts';
import { scriptedServer, type ScriptedServer } from '../../test/support/scripted-server.ts';
import type { RunEvent } from '../events.ts';
import { httpStack, type HttpStackOptions } from './stack.ts';

function opened(options: Partial<HttpStackOptions> = {}): ReturnType<typeof httpStack> {
  const stack = httpStack({ clock: fakeClock({ skipWaits: true }), random: () => 1, ...options });
  onTestFinished(() => stack.close());
  return stack;
}

const scopes = [{ repository: 'app', actions: ['pull'] }] as const;

/** A registry with a token server that fails once, and storage on another origin that fails once. */
async function world(): Promise<{
  readonly registry: ScriptedServer;
  readonly storage: ScriptedServer;
  readonly tokens: ScriptedServer;
}> {
  const tokens = await scriptedServer((_request, response) => {
    if (tokens.requests.length === 1) response.writeHead(503).end();
    else response.end('{"token":"T1"}');
  });
  const storage = await scriptedServer((_request, response) => {
    if (storage.requests.length === 1) response.writeHead(500).end();
    else response.end('the blob');
  });
  const registry = await scriptedServer((request, response) => {
    if (request.headers.authorization === 'Bearer T1')
      response.writeHead(307, { location: `${storage.url.href}blob?sig=${registry.requests.length}` }).end();
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url.href}token"` }).end();
  });
  return { registry, storage, tokens };
}

describe('src/http/stack.ts', () => {
  it('completes a request through challenge, token, redirect and failures, and counts every hop', async () => {
    const { registry, storage, tokens } = await world();
    const events: RunEvent[] = [];
    const sizes: number[] = [];
    const { fetch } = opened({
      narrate: (event) => events.push(event),
      onBytes: (origin, bytes) => origin === storage.url.origin && sizes.push(bytes),
      credentials: async () => ({ kind: 'basic', username: 'me', password: 'hunter2' }),
    });
    const meter = { requests: 0, bytes: 0 };
    const response = await fetch(requestTo(registry.url, { operation: 'download', scopes, meter }));
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe('the blob');
    expect(registry.requests).toHaveLength(3);
    expect(tokens.requests).toHaveLength(2);
    // The second try asks the registry again, which gives a new address.
    expect(storage.requests).toEqual(['GET /blob?sig=2', 'GET /blob?sig=3']);
    expect(storage.headers.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
    expect(meter.requests).toBe(7);
    expect(sizes).toEqual(['the blob'.length]);
    expect(events.filter(({ type }) => type === 'request')).toHaveLength(7);
    expect(JSON.stringify(events)).not.toMatch(/hunter2|T1|Basic/);
  });

  it('spends one budget on a token server that stays broken', async () => {
    const tokens = await scriptedServer((request) => void request.socket.destroy());
    const registry = await scriptedServer(
      (_request, response) =>
        void response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.url.href}"` }).end(),
    );
    const { fetch } = opened({ retryBudget: 1000 });
    expect(await rejection(fetch(requestTo(registry.url, { scopes })))).toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('after 3 attempts'),
    });
    expect(tokens.requests).toHaveLength(3);
    expect(registry.requests).toHaveLength(1);
  });

  it('sends a request with a reserved permit, and releases it with the response', async () => {
    const server = await scriptedServer((_request, response) => void response.end('fine'));
    const { outbound, reserve } = opened({ concurrency: 3 });
    for (let sent = 0; sent < 5; sent += 1) {
      const permit = await reserve(server.url, new AbortController().signal);
      await (await outbound(requestTo(server.url, { permit }))).body.bytes(10);
    }
    expect(server.requests).toHaveLength(5);
  });

  it('uses the header timeout of the request, not that of its origin', async () => {
    const clock = fakeClock();
    const server = await scriptedServer(() => {});
    const { outbound } = opened({ clock, timeouts: { headers: 1000 } });
    const failed = rejection(outbound(requestTo(server.url, { once: true, headersWithin: 90_000 })));
    await server.came(1);
    let over = false;
    void failed.finally(() => (over = true));
    await clock.advance(89_000);
    expect(over).toBe(false);
    await clock.advance(2000);
    expect(await failed).toMatchObject({ code: 'TIMEOUT' });
  });

  it('rejects a concurrency that would block itself', () => {
    expect(() => httpStack({ clock: fakeClock(), concurrency: 1 })).toThrow(RangeError);
  });

  it('leaves no connection and no timer when closed', async () => {
    const clock = fakeClock();
    const server = await scriptedServer((_request, response) => void response.end('fine'));
    const stack = opened({ clock });
    await (await stack.fetch(requestTo(server.url))).body.bytes(10);
    await stack.close();
    while (server.connections.open > 0) await clock.advance(0);
    expect(clock.pending()).toBe(0);
  });
});
