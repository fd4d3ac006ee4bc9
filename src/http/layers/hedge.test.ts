import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock, type FakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import type { RunEvent } from '../../events.ts';
import type { Limiter } from '../../ratelimit/limiter.ts';
import { concurrencyLimiter } from '../../ratelimit/limits.ts';
import type { HttpRequest } from '../fetch.ts';
import { httpStack, type HttpStackOptions } from '../stack.ts';

/** What the server does with one request; `nth` counts the requests of its path. */
type Reaction = 'answer' | 'silent' | 'reset' | 429;
type Script = (path: string, nth: number, request: IncomingMessage) => Reaction;

/** A server and a stack on a clock that is moved. The stack has learnt that reads and writes take no time. */
async function world(script: Script, options: Partial<HttpStackOptions> = {}, learnt = 12) {
  const clock = fakeClock();
  const counts = new Map<string, number>();
  const sockets: Socket[] = [];
  const waiting: (() => void)[] = [];
  const server = await scriptedServer((request, response) => {
    const path = `${request.method} ${request.url}`;
    const nth = (counts.get(path) ?? 0) + 1;
    counts.set(path, nth);
    sockets.push(request.socket);
    const reaction = script(request.url ?? '', nth, request);
    if (reaction === 'silent') waiting.push(() => response.end('late'));
    else if (reaction === 'reset') request.socket.destroy();
    else response.writeHead(reaction === 429 ? 429 : 200).end('ok');
  });
  const held = heldPermits();
  const events: RunEvent[] = [];
  const narrate = (event: RunEvent): void => void events.push(event);
  const stack = httpStack({ clock, random: () => 0, limiter: held.limiter, narrate, ...options });
  onTestFinished(() => stack.close());
  const send = async (path: string, given: Partial<HttpRequest> = {}): Promise<string> => {
    const response = await stack.fetch(requestTo(new URL(path, server.url), given));
    return `${response.status} ${Buffer.from(await response.body.bytes(100)).toString()}`;
  };
  for (let index = 0; index < learnt; index += 1) {
    await send('/learn');
    await send('/learn', WRITE);
  }
  const requests = (path: string): number => counts.get(path) ?? 0;
  return { clock, server, send, requests, sockets, waiting, held, events, sent: () => sockets.length };
}

const WRITE = { method: 'PUT', operation: 'write' } as const;

/** A limiter of slots alone that knows how many permits are held. */
function heldPermits() {
  const inner = concurrencyLimiter(20);
  let held = 0;
  const limiter: Limiter = {
    spare: (want) => inner.spare(want),
    acquire: async (want, signal) => {
      const permit = await inner.acquire(want, signal);
      let isHeld = true;
      held += 1;
      return {
        answered: permit.answered,
        release: () => {
          if (isHeld) held -= 1;
          isHeld = false;
          permit.release();
        },
      };
    },
  };
  return { limiter, count: () => held };
}

async function advanceUntil(clock: FakeClock, isDone: () => boolean): Promise<number> {
  const start = clock.now();
  while (!isDone()) await clock.advance(500);
  return clock.now() - start;
}

const firstSilent: Script = (path, nth) => (path === '/silent' && nth === 1 ? 'silent' : 'answer');

describe('src/http/layers/hedge.ts', () => {
  it('sends a read that is far more silent than usual once more on another connection, and cancels the first', async () => {
    const { clock, send, requests, sockets, held, events, server } = await world(firstSilent);
    const answer = send('/silent');
    await clock.advance(1_900);
    expect(requests('GET /silent')).toBe(1);
    await clock.advance(200);
    expect(await answer).toBe('200 ok');
    expect(requests('GET /silent')).toBe(2);
    expect(sockets.at(-1)).not.toBe(sockets.at(-2));
    await clock.advance(0);
    expect(held.count()).toBe(0);
    expect(server.connections.open).toBe(1);
    const ends = events.filter((event) => event.type === 'request' && event.url.endsWith('/silent'));
    expect(ends).toMatchObject([{ status: 200, hedged: true }, { error: 'ABORTED' }]);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'log',
        level: 'debug',
        message: expect.stringMatching(/no response for 2.0 s; sending it again/) as string,
      }),
    );
  });

  it('waits 5 s at an origin of unknown latency', async () => {
    const { clock, send, requests } = await world(firstSilent, {}, 0);
    const answer = send('/silent');
    await clock.advance(4_900);
    expect(requests('GET /silent')).toBe(1);
    await clock.advance(200);
    expect(await answer).toBe('200 ok');
  });

  it('counts the first response of either, and discards the other one', async () => {
    const { clock, send, waiting, held } = await world((path) => (path === '/silent' ? 'silent' : 'answer'));
    const answer = send('/silent');
    await clock.advance(2_100);
    for (const respond of waiting) respond();
    expect(await answer).toBe('200 late');
    await clock.advance(0);
    expect(held.count()).toBe(0);
  });

  it('waits for the second request if the first one fails, and for the first if the second fails', async () => {
    const { clock, send, sockets, waiting, requests } = await world((path, nth) => {
      if (path === '/first') return 'silent';
      return path === '/second' ? (nth === 1 ? 'silent' : 'reset') : 'answer';
    });
    const first = send('/first');
    await clock.advance(2_100);
    sockets.at(-2)?.destroy();
    await clock.advance(100);
    waiting[1]?.();
    expect(await first).toBe('200 late');
    const refill = Array.from({ length: 60 }, () => send('/more'));
    await Promise.all(refill);
    const second = send('/second');
    await clock.advance(2_100);
    await clock.advance(100);
    expect(requests('GET /second')).toBe(2);
    waiting[2]?.();
    expect(await second).toBe('200 late');
  });

  it('sends at most 2 % more requests', async () => {
    const { clock, send, sent, held } = await world((path) => (path === '/silent' ? 'silent' : 'answer'));
    await Promise.all(Array.from({ length: 76 }, () => send('/more')));
    const stopping = new AbortController();
    const silent = Array.from({ length: 10 }, () => rejection(send('/silent', { signal: stopping.signal })));
    const before = sent();
    await clock.advance(20_000);
    // 24 + 76 + 10 requests
    expect(sent() - before - 10).toBe(3);
    stopping.abort(new Error('stopped'));
    expect(await Promise.all(silent)).toEqual(silent.map(() => new Error('stopped')));
    await clock.advance(0);
    expect(held.count()).toBe(0);
  });

  it('sends none while the origin limits requests', async () => {
    const { clock, send, requests } = await world((path, nth) =>
      path === '/refused' ? 429 : firstSilent(path, nth, {} as IncomingMessage),
    );
    void send('/refused', { once: true });
    const answer = send('/silent');
    await clock.advance(8_000);
    expect(requests('GET /silent')).toBe(1);
    await clock.advance(4_000);
    expect(await answer).toBe('200 ok');
    const limiter = { ...concurrencyLimiter(20), spare: () => false };
    const short = await world(firstSilent, { limiter });
    const retried = short.send('/silent');
    await short.clock.advance(24_000);
    expect(short.requests('GET /silent')).toBe(1);
    await short.clock.advance(2_000);
    expect(await retried).toBe('200 ok');
  });

  it('never doubles a write, ends its silence after a learnt time, and waits for the whole timeout on the retry', async () => {
    const { clock, send, requests, waiting } = await world((path) => (path === '/silent' ? 'silent' : 'answer'));
    const answer = send('/silent', WRITE);
    await clock.advance(9_900);
    expect(requests('PUT /silent')).toBe(1);
    await clock.advance(200);
    expect(requests('PUT /silent')).toBe(2);
    await clock.advance(24_000);
    expect(requests('PUT /silent')).toBe(2);
    waiting[1]?.();
    expect(await answer).toBe('200 late');
  });

  it('replaces a repeated read that is silent too, once, while others of its class are answered', async () => {
    const { clock, send, requests, held } = await world((path) => (path === '/silent' ? 'silent' : 'answer'));
    await Promise.all(Array.from({ length: 150 }, () => send('/more')));
    const stopping = new AbortController();
    const answer = rejection(send('/silent', { signal: stopping.signal }));
    await clock.advance(8_000);
    expect(requests('GET /silent')).toBe(2);
    await send('/more');
    await clock.advance(3_000);
    expect([requests('GET /silent'), held.count()]).toEqual([3, 2]);
    await clock.advance(12_000);
    expect(requests('GET /silent')).toBe(3);
    stopping.abort(new Error('stopped'));
    expect(await answer).toEqual(new Error('stopped'));
    await clock.advance(0);
    expect(held.count()).toBe(0);
  });

  it('does not delay the end of requests to a host that is silent altogether', async () => {
    const { clock, send } = await world(() => 'silent', {}, 0);
    let error: unknown;
    void rejection(send('/silent')).then((given) => (error = given));
    // two attempts of 25 s
    expect(await advanceUntil(clock, () => error !== undefined)).toBeLessThanOrEqual(51_000);
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });
});
