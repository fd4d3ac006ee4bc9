import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { bodyOf, scriptedServer, type Answer, type ScriptedServer } from '../../../test/support/scripted-server.ts';
import type { RunEvent } from '../../events.ts';
import type { Fetch } from '../fetch.ts';
import { readAll } from '../response/read.ts';
import { retry, type RetryOptions } from './retry.ts';
import { transport } from '../transport/transport.ts';

type Setup = { readonly server: ScriptedServer; readonly fetch: Fetch; readonly clock: FakeClock };

/** A server that gives these answers one after another, the last one for ever, and a fetch that retries without taking time. */
async function setup(answers: readonly Answer[], options: Partial<RetryOptions> = {}): Promise<Setup> {
  const clock = fakeClock({ skipWaits: true });
  let count = 0;
  const server = await scriptedServer((request, response) =>
    answers[Math.min(count++, answers.length - 1)]?.(request, response),
  );
  const sockets = transport({ clock, connections: 5 });
  onTestFinished(() => sockets.close());
  return { server, clock, fetch: retry({ clock, random: () => 1, ...options })(sockets.fetch) };
}

const status =
  (code: number, headers: Record<string, string> = {}, text = ''): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end(text);
const ok: Answer = status(200, {}, 'fine');
const broken: Answer = (request) => void request.socket.destroy();
const truncated: Answer = (_request, response) =>
  void response.writeHead(200, { 'content-length': '10' }).write('part', () => response.destroy());

const text = async (response: Awaited<ReturnType<Fetch>>): Promise<string> =>
  Buffer.from(await response.body.bytes(10_000)).toString();

describe('src/http/layers/retry.ts', () => {
  it.each([408, 425, 429, 500, 502, 503, 504, 499, 520, 521, 522, 523, 524])('retries after %i', async (code) => {
    const { server, fetch } = await setup([status(code), ok]);
    expect(await text(await fetch(requestTo(server.url)))).toBe('fine');
    expect(server.requests).toHaveLength(2);
  });

  it.each([200, 202, 307, 400, 401, 403, 404, 416, 501, 505])('returns %i at once', async (code) => {
    const { server, fetch } = await setup([status(code), ok]);
    expect((await fetch(requestTo(server.url))).status).toBe(code);
    expect(server.requests).toHaveLength(1);
  });

  it.each([status(503), broken])('never retries a request marked `once`', async (answer) => {
    const { server, fetch } = await setup([answer, ok]);
    const request = requestTo(server.url, { method: 'POST', once: true });
    await fetch(request).then(
      (response) => expect(response.status).toBe(503),
      (error: unknown) => expect(error).toMatchObject({ code: 'NETWORK' }),
    );
    expect(server.requests).toHaveLength(1);
  });

  it('retries after a broken connection, also a POST of an upload session', async () => {
    const { server, fetch, clock } = await setup([broken, broken, ok]);
    expect((await fetch(requestTo(server.url, { method: 'POST', operation: 'session' }))).status).toBe(200);
    expect(clock.waits).toEqual([200, 400]);
  });

  it('resends the same bytes', async () => {
    const bodies: string[] = [];
    const { server, fetch } = await setup([
      async (request, response) => {
        bodies.push((await bodyOf(request)).toString());
        response.writeHead(bodies.length < 3 ? 503 : 201).end();
      },
    ]);
    const body = { kind: 'bytes', bytes: Buffer.from('manifest') } as const;
    expect((await fetch(requestTo(server.url, { method: 'PUT', body }))).status).toBe(201);
    expect(bodies).toEqual(['manifest', 'manifest', 'manifest']);
  });

  it('throws REPLAY_NEEDED for a stream, with the reason', async () => {
    const stream = {
      method: 'PUT',
      operation: 'upload',
      body: { kind: 'stream', length: 4, chunks: once('blob') },
    } as const;
    const { server, fetch } = await setup([status(503, {}, '{"errors":[{"code":"UNAVAILABLE","message":"later"}]}')]);
    expect(await rejection(fetch(requestTo(server.url, stream)))).toMatchObject({
      code: 'REPLAY_NEEDED',
      cause: { code: 'REGISTRY_ERROR', message: expect.stringContaining('503: UNAVAILABLE: later') },
    });
    const reset = await setup([broken]);
    const again = { ...stream, body: { ...stream.body, chunks: once('blob') } };
    expect(await rejection(reset.fetch(requestTo(reset.server.url, again)))).toMatchObject({
      code: 'REPLAY_NEEDED',
      cause: { code: 'NETWORK' },
    });
    expect(server.requests.length + reset.server.requests.length).toBe(2);
  });

  it('returns the last response with its body when the budget is used up', async () => {
    const { server, fetch, clock } = await setup([status(500, {}, 'it hurts')]);
    const response = await fetch(requestTo(server.url));
    expect([response.status, await text(response)]).toEqual([500, 'it hurts']);
    const waited = clock.waits.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeLessThanOrEqual(120_000);
    expect(waited).toBeGreaterThan(90_000);
  });

  it('throws the last error with the number of attempts when the budget is used up', async () => {
    const { server, fetch } = await setup([broken], { budget: 1_000 });
    expect(await rejection(fetch(requestTo(server.url)))).toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('after 3 attempts'),
      cause: { code: 'NETWORK' },
    });
    expect(server.requests).toHaveLength(3);
  });

  it('tries a down origin once for each request until it responds again', async () => {
    let isAway = true;
    const { server, fetch } = await setup([(request, response) => (isAway ? broken : ok)(request, response)]);
    await rejection(fetch(requestTo(server.url)));
    const before = server.requests.length;
    expect(before).toBeGreaterThan(5);
    expect(await rejection(fetch(requestTo(server.url)))).toMatchObject({
      message: expect.not.stringContaining('attempts') as string,
    });
    expect(server.requests).toHaveLength(before + 1);
    isAway = false;
    expect(await text(await fetch(requestTo(server.url)))).toBe('fine');
    isAway = true;
    await rejection(fetch(requestTo(server.url)));
    expect(server.requests.length).toBeGreaterThan(before + 7);
  });

  it('respects the budget of a single request, and does not mark the origin as down for it', async () => {
    const { server, fetch, clock } = await setup([broken]);
    await rejection(fetch(requestTo(server.url, { retryWithin: 3_000 })));
    expect(clock.waits).toEqual([200, 400, 800, 1_600]);
    await rejection(fetch(requestTo(server.url)));
    expect(clock.waits).toHaveLength(9);
  });

  it('does not mark an origin as down while it responds to other requests', async () => {
    let failing = 0;
    const world = await setup([
      async (request, response) => {
        if (request.url === '/good') return ok(request, response);
        failing += 1;
        if (failing % 3 === 0) await world.fetch(requestTo(new URL('/good', world.server.url)));
        return broken(request, response);
      },
    ]);
    await rejection(world.fetch(requestTo(new URL('/bad', world.server.url))));
    const before = failing;
    await rejection(world.fetch(requestTo(new URL('/bad', world.server.url))));
    expect(failing).toBeGreaterThan(before + 5);
  });

  it('does not retry what an inner retry layer gave up on', async () => {
    const { server, clock } = await setup([broken]);
    const sockets = transport({ clock, connections: 5 });
    onTestFinished(() => sockets.close());
    const layer = retry({ clock, random: () => 1, budget: 300 });
    expect(await rejection(layer(layer(sockets.fetch))(requestTo(server.url)))).toMatchObject({
      message: expect.stringContaining('after 2 attempts'),
    });
    expect(server.requests).toHaveLength(2);
  });

  it.each<[string, Record<string, string>, string, number]>([
    ['seconds', { 'retry-after': '7' }, '', 7_000],
    ['a fraction', { 'retry-after': '0.5' }, '', 500],
    ['a date', { 'retry-after': 'Thu, 01 Jan 2026 12:00:09 GMT', date: 'none' }, '', 9_000],
    [
      'a date by a clock that is three hours slow',
      { 'retry-after': 'Thu, 01 Jan 2026 09:00:09 GMT', date: 'Thu, 01 Jan 2026 09:00:00 GMT' },
      '',
      9_000,
    ],
    ['a Unix time', { 'x-retry-after': String(Date.UTC(2026, 0, 1, 12) / 1000 + 5), date: 'none' }, '', 5_000],
    ['a duration in the body', {}, 'retry-after: 1m30s, allowed: 44000/minute', 90_000],
    ['microseconds, but not at once', {}, 'retry-after: 880.092µs', 200],
    ['nothing', {}, '', 200],
  ])('waits as a 429 orders with %s', async (_form, headers, body, expected) => {
    const { server, fetch, clock } = await setup([status(429, headers, body), ok]);
    await fetch(requestTo(server.url));
    expect(clock.waits).toEqual([expected]);
  });

  it('does not count waits that the registry ordered', async () => {
    const busy = status(503, { 'retry-after': '100' });
    const { server, fetch, clock } = await setup([busy, busy, busy, status(500), ok]);
    expect((await fetch(requestTo(server.url))).status).toBe(200);
    expect(clock.waits).toEqual([100_000, 100_000, 100_000, 1_600]);
  });

  it('gives up when a registry orders too long a wait, and names its end', async () => {
    const { server, fetch, clock } = await setup([status(429, { 'retry-after': '601' }), ok]);
    expect(await rejection(fetch(requestTo(server.url)))).toMatchObject({
      code: 'PAUSED_TOO_LONG',
      message: expect.stringContaining('2026-01-01T12:10:01.000Z'),
      hint: expect.stringContaining('2026-01-01T12:10:01.000Z'),
    });
    expect(clock.waits).toEqual([]);
  });

  it('gives up after endless 429 responses', async () => {
    const { server, fetch } = await setup([status(429)]);
    expect(await rejection(fetch(requestTo(server.url)))).toMatchObject({ code: 'PAUSED_TOO_LONG' });
  });

  it('retries a truncated body when told to read it whole', async () => {
    const { server, fetch } = await setup([truncated, ok]);
    const meter = { requests: 0, bytes: 0 };
    const { response, bytes } = await readAll(fetch, requestTo(server.url, { meter }), 100);
    expect([response.status, Buffer.from(bytes).toString()]).toEqual([200, 'fine']);
    expect(meter).toEqual({ requests: 2, bytes: 8 });
  });

  it('otherwise passes on a truncated body', async () => {
    const { server, fetch } = await setup([truncated, ok]);
    const response = await fetch(requestTo(server.url));
    expect(await rejection(response.body.bytes(100))).toMatchObject({ code: 'NETWORK' });
  });

  it('stops waiting when the signal aborts', async () => {
    const clock = fakeClock();
    const server = await scriptedServer(status(503));
    const sockets = transport({ clock, connections: 5 });
    onTestFinished(() => sockets.close());
    const controller = new AbortController();
    const failed = rejection(
      retry({ clock, random: () => 1 })(sockets.fetch)(requestTo(server.url, { signal: controller.signal })),
    );
    await server.came(1);
    await clock.advance(100);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(clock.pending()).toBe(0);
  });

  it('warns of each retry', async () => {
    const events: RunEvent[] = [];
    const { server, fetch } = await setup([status(503), ok], { narrate: (event) => events.push(event) });
    await fetch(requestTo(server.url));
    expect(events).toEqual([
      {
        type: 'log',
        level: 'warning',
        message: `Transient error (will retry): GET ${server.url.href}: answered 503; attempt 2 in 200 ms`,
        fields: { method: 'GET', url: server.url.href, status: 503 },
        alike: `${server.url.origin} 503`,
      },
    ]);
  });
});

async function* once(words: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(words);
}
