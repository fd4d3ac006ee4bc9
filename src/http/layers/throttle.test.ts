import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import { realClock } from '../../clock.ts';
import { concurrencyLimiter } from '../../ratelimit/limits.ts';
import type { Fetch } from '../fetch.ts';
import { throttle } from './throttle.ts';
import { transport } from '../transport/transport.ts';

function throttled(): Fetch {
  const clock = realClock();
  const sockets = transport({ clock, connections: 20 });
  onTestFinished(() => sockets.close());
  return throttle(concurrencyLimiter(3), clock)(sockets.fetch);
}

describe('src/http/layers/throttle.ts', () => {
  it('holds a slot until the body is read or discarded', async () => {
    const ends: (() => void)[] = [];
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200).write('first');
      ends.push(() => void response.end('last'));
    });
    const fetch = throttled();
    const open = await Promise.all([1, 2, 3].map(() => fetch(requestTo(server.url))));
    const queued = [fetch(requestTo(server.url)), fetch(requestTo(server.url))];
    for (let turn = 0; turn < 100; turn += 1) await setImmediate();
    expect(server.requests).toHaveLength(3);

    ends[0]?.();
    await open[0]?.body.bytes(100);
    await server.came(4);
    for (let turn = 0; turn < 100; turn += 1) await setImmediate();
    expect(server.requests).toHaveLength(4);

    for await (const chunk of open[1]?.body.stream() ?? []) if (chunk.length > 0) break;
    await server.came(5);
    await Promise.all(queued);
  });

  it('releases the slot when there is no response', async () => {
    const server = await scriptedServer((request, response) => {
      if (request.url === '/broken') request.socket.destroy();
      else response.end('fine');
    });
    const fetch = throttled();
    for (let failed = 0; failed < 5; failed += 1) {
      expect(await rejection(fetch(requestTo(new URL('/broken', server.url))))).toMatchObject({ code: 'NETWORK' });
    }
    expect((await fetch(requestTo(server.url))).status).toBe(200);
  });

  it('sends nothing when the signal aborts in the queue', async () => {
    const server = await scriptedServer((_request, response) => void response.writeHead(200).write('open'));
    const fetch = throttled();
    await Promise.all([1, 2, 3].map(() => fetch(requestTo(server.url))));
    const controller = new AbortController();
    const failed = rejection(fetch(requestTo(server.url, { signal: controller.signal })));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failed).toBe(reason);
    expect(server.requests).toHaveLength(3);
  });
});
