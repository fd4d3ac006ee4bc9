import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { scriptedServer } from '../../../test/support/scripted-server.ts';
import type { RunEvent } from '../../events.ts';
import { narrate } from './narrate.ts';
import { transport } from '../transport/transport.ts';

describe('src/http/layers/narrate.ts', () => {
  it('emits responses and failures with their duration and without secrets', async () => {
    const clock = fakeClock();
    const server = await scriptedServer(async (request, response) => {
      await clock.advance(250);
      if (request.url === '/broken') request.socket.destroy();
      else response.writeHead(404).end();
    });
    const sockets = transport({ clock, connections: 5 });
    onTestFinished(() => sockets.close());
    const events: RunEvent[] = [];
    const fetch = narrate((event) => events.push(event), clock)(sockets.fetch);
    const headers = { authorization: 'Bearer hunter2' };
    await fetch(requestTo(new URL('/v2/a?token=hunter2&n=5', server.url), { headers }));
    await rejection(fetch(requestTo(new URL('/broken', server.url), { method: 'DELETE', headers })));
    await rejection(fetch(requestTo(server.url, { signal: AbortSignal.abort(new Error('hunter2')) })));
    expect(events).toEqual([
      { type: 'request', method: 'GET', operation: 'read', url: `${server.url.href}v2/a?n=5&…`, status: 404, ms: 250 },
      {
        type: 'request',
        method: 'DELETE',
        operation: 'read',
        url: `${server.url.href}broken`,
        error: 'NETWORK',
        ms: 250,
      },
      { type: 'request', method: 'GET', operation: 'read', url: server.url.href, error: 'ABORTED', ms: 0 },
    ]);
  });
});
