import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { bodyOf, scriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport, rawServer, until } from '../../../test/support/sockets.ts';
import { realClock } from '../../clock.ts';
import { transport } from './transport.ts';

const MiB = 1_048_576;

async function* chunks(count: number, onReturn: () => void = () => {}): AsyncGenerator<Uint8Array> {
  try {
    for (let sent = 0; sent < count; sent += 1) yield new Uint8Array(MiB);
  } finally {
    onReturn();
  }
}

describe('src/http/transport/transport.ts', () => {
  it('returns status, headers and body, and counts the bytes on the wire', async () => {
    const server = await scriptedServer((_request, response) => {
      response
        .writeHead(
          418,
          [
            ['X-Many', 'a'],
            ['X-Many', 'b'],
          ].flat(),
        )
        .end('teapot');
    });
    const meter = { requests: 0, bytes: 0 };
    const response = await openedTransport().fetch(requestTo(server.url, { meter }));
    expect(response.status).toBe(418);
    expect(response.headers.get('x-many')).toEqual(['a', 'b']);
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe('teapot');
    expect(meter).toEqual({ requests: 1, bytes: 6 });
    expect(server.headers[0]).toMatchObject({ 'accept-encoding': 'identity' });
  });

  it('keeps connections alive, also after HEAD and a discarded body', async () => {
    const server = await scriptedServer((_request, response) => void response.end('x'.repeat(1000)));
    const { fetch } = openedTransport();
    for (const method of ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET'] as const)
      await (await fetch(requestTo(server.url, { method }))).body.discard();
    expect(server.requests).toHaveLength(6);
    // undici leaves a socket alone for one turn of the event loop after an answer, so that the next request finds another.
    expect(server.connections.opened).toBeLessThanOrEqual(2);
  });

  it('sends a stream with its length and with back pressure', async () => {
    let taken = 0;
    let release = (): void => {};
    const server = await scriptedServer(async (request, response) => {
      request.pause();
      await new Promise<void>((resolve) => (release = resolve));
      response.writeHead(201).end(String((await bodyOf(request)).length));
    });
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks(64)) {
        taken += 1;
        yield chunk;
      }
    }
    const answer = openedTransport().fetch(
      requestTo(server.url, {
        method: 'PUT',
        operation: 'upload',
        body: { kind: 'stream', length: 64 * MiB, chunks: counted() },
      }),
    );
    await server.came(1);
    await until(() => taken > 0);
    for (let turn = 0; turn < 500; turn += 1) await setImmediate();
    expect(taken).toBeLessThan(32);
    release();
    expect(Buffer.from(await (await answer).body.bytes(20)).toString()).toBe(String(64 * MiB));
    expect(server.headers[0]?.['content-length']).toBe(String(64 * MiB));
  });

  it('returns a response that comes before the body was sent, and releases the source', async () => {
    let returned = false;
    const server = await scriptedServer((_request, response) => void response.writeHead(413).end('too large'));
    const body = { kind: 'stream', length: 4096 * MiB, chunks: chunks(4096, () => (returned = true)) } as const;
    const response = await openedTransport().fetch(requestTo(server.url, { method: 'PUT', operation: 'upload', body }));
    expect(response.status).toBe(413);
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe('too large');
    await until(() => returned && server.connections.open === 0);
  });

  it('stops reading the source after a refusal, and reads the refusal to its end', async () => {
    let finish = (): void => {};
    const server = await scriptedServer((request, response) => {
      request.resume().once('data', () => response.writeHead(413).write('too '));
      finish = () => void response.end('large');
    });
    let returned = false;
    let end = (_done: IteratorResult<Uint8Array>): void => {};
    const waiting = new Promise<IteratorResult<Uint8Array>>((resolve) => (end = resolve));
    let given = 0;
    const source: AsyncIterator<Uint8Array> = {
      next: () => (given++ === 0 ? Promise.resolve({ done: false, value: new Uint8Array(10) }) : waiting),
      return: async () => {
        returned = true;
        end({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
    };
    const body = { kind: 'stream', length: 100, chunks: { [Symbol.asyncIterator]: () => source } } as const;
    const response = await openedTransport().fetch(requestTo(server.url, { method: 'PUT', operation: 'upload', body }));
    await until(() => returned);
    finish();
    expect(Buffer.from(await response.body.bytes(100)).toString()).toBe('too large');
  });

  it('releases the source when the connection breaks during an upload', async () => {
    let returned = false;
    const server = await scriptedServer((request) => void request.once('data', () => request.socket.destroy()));
    const body = { kind: 'stream', length: 4096 * MiB, chunks: chunks(4096, () => (returned = true)) } as const;
    expect(
      await rejection(openedTransport().fetch(requestTo(server.url, { method: 'PUT', operation: 'upload', body }))),
    ).toMatchObject({ code: 'NETWORK' });
    await until(() => returned);
  });

  it("throws the error of the body's source unchanged", async () => {
    const server = await scriptedServer((request) => void request.resume());
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new RangeError('the source broke');
    }
    const body = { kind: 'stream', length: 20, chunks: broken() } as const;
    expect(await rejection(openedTransport().fetch(requestTo(server.url, { method: 'PUT', body })))).toEqual(
      new RangeError('the source broke'),
    );
  });

  it('sends an empty body with length 0', async () => {
    const server = await scriptedServer((_request, response) => void response.writeHead(201).end());
    const body = { kind: 'stream', length: 0, chunks: chunks(0) } as const;
    expect((await openedTransport().fetch(requestTo(server.url, { method: 'PUT', body }))).status).toBe(201);
    expect(server.headers[0]?.['content-length']).toBe('0');
  });

  it('throws NETWORK for a body that is shorter than its length', async () => {
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('only this', () => response.destroy());
    });
    const response = await openedTransport().fetch(requestTo(server.url));
    const error = await rejection(response.body.bytes(1000));
    expect(error).toMatchObject({ code: 'NETWORK', message: expect.stringContaining(`GET ${server.url.href}`) });
  });

  it('stops at the limit of a body that is too long, and closes its connection', async () => {
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
      more();
    });
    const response = await openedTransport().fetch(requestTo(server.url));
    expect(await rejection(response.body.bytes(1000))).toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    await until(() => server.connections.open === 0);
  });

  it('closes the connection of a long body that is discarded', async () => {
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200);
      const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
      more();
    });
    const response = await openedTransport().fetch(requestTo(server.url));
    expect(server.connections.open).toBe(1);
    await response.body.discard();
    await until(() => server.connections.open === 0);
  });

  it('reads no more than the reader asks for', async () => {
    let written = 0;
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200);
      const more = (): void => {
        written += 1;
        if (!response.destroyed) response.write(Buffer.alloc(MiB), more);
      };
      more();
    });
    const response = await openedTransport().fetch(requestTo(server.url));
    for (let turn = 0; turn < 500; turn += 1) await setImmediate();
    expect(written).toBeLessThan(64);
    await response.body.discard();
  });

  it('names the host that refused the connection, with a hint', async () => {
    const { url, server } = await rawServer(() => {});
    await new Promise((resolve) => server.close(resolve));
    expect(await rejection(openedTransport().fetch(requestTo(url)))).toMatchObject({
      code: 'NETWORK',
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('port'),
      cause: expect.anything(),
    });
  });

  it("stops at once with the signal's reason: before, while waiting, and within the body", async () => {
    const reason = new Error('enough');
    const server = await scriptedServer(
      (request, response) => void (request.url === '/body' && response.writeHead(200).write('a')),
    );
    const { fetch } = openedTransport();
    expect(await rejection(fetch(requestTo(server.url, { signal: AbortSignal.abort(reason) })))).toBe(reason);
    expect(server.requests).toHaveLength(0);

    const waiting = new AbortController();
    const failed = rejection(fetch(requestTo(server.url, { signal: waiting.signal })));
    await server.came(1);
    waiting.abort(reason);
    expect(await failed).toBe(reason);

    const reading = new AbortController();
    const response = await fetch(requestTo(new URL('/body', server.url), { signal: reading.signal }));
    const broken = rejection(response.body.bytes(10));
    reading.abort(reason);
    expect(await broken).toBe(reason);
    await until(() => server.connections.open === 0);
  });

  it('ends running requests when closed, and leaves no timer', async () => {
    const clock = fakeClock();
    const server = await scriptedServer(
      (request, response) => void (request.url === '/body' && response.writeHead(200).write('a')),
    );
    const made = openedTransport({ clock });
    const waiting = rejection(made.fetch(requestTo(server.url)));
    const response = await made.fetch(requestTo(new URL('/body', server.url)));
    const reading = rejection(response.body.bytes(10));
    await made.close();
    expect(await waiting).toMatchObject({ code: 'NETWORK' });
    expect(await reading).toMatchObject({ code: 'NETWORK' });
    await until(() => server.connections.open === 0);
    expect(clock.pending()).toBe(0);
    expect(await rejection(made.fetch(requestTo(server.url)))).toEqual(new Error('the HTTP transport is closed'));
  });

  it('waits a while after an abort for a response that is still needed', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    let answer = (): void => {};
    const server = await scriptedServer((_request, response) => {
      answer = () => void response.writeHead(202, { location: '/up' }).end();
    });
    const { fetch } = openedTransport({ clock });
    const post = { method: 'POST', signal: stop.signal, abortGrace: 1_500 } as const;
    const late = fetch(requestTo(server.url, post));
    await server.came(1);
    const never = rejection(fetch(requestTo(server.url, post)));
    const answerFirst = answer;
    await server.came(2);
    stop.abort(new Error('stopped'));
    answerFirst();
    const response = await late;
    expect(response.headers.get('location')).toEqual(['/up']);
    await response.body.discard();
    await clock.advance(1_500);
    expect(await never).toMatchObject({ message: 'stopped' });
    expect(clock.pending()).toBe(0);
  });

  it('rejects invalid timeouts', () => {
    expect(() => transport({ clock: realClock(), connections: 1, timeouts: { idle: 0 } })).toThrow('timeout "idle"');
  });
});
