import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../test/support/fake-clock.ts';
import { rejection, requestTo } from '../../../test/support/http-request.ts';
import { bodyOf, scriptedServer } from '../../../test/support/scripted-server.ts';
import { openedTransport, rawServer, until } from '../../../test/support/sockets.ts';

const MiB = 1_048_576;

describe('src/http/transport/stage-timers.ts', () => {
  it('fails when no connection is established in time', async () => {
    const clock = fakeClock();
    // TLS to a server that never says hello: the connection is TCP only, and stays «connecting».
    const { url } = await rawServer(() => {});
    const { fetch } = openedTransport({ clock });
    const failed = rejection(fetch(requestTo(url.href.replace('http:', 'https:'))));
    await clock.advance(9_999);
    await clock.advance(1);
    expect(await failed).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('10 s') });
    expect(clock.pending()).toBe(0);
  });

  it.each([
    ['POST', 25],
    ['GET', 25],
    ['HEAD', 25],
  ] as const)('fails when the first response header is late, for a %s after %i s', async (method, seconds) => {
    const clock = fakeClock();
    const server = await scriptedServer(() => {});
    const { fetch } = openedTransport({ clock });
    const failed = rejection(fetch(requestTo(server.url, { method })));
    await server.came(1);
    await clock.advance((seconds - 1) * 1_000);
    expect(server.connections.open).toBe(1);
    await clock.advance(1_000);
    expect(await failed).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining(`${seconds} s`) });
    await until(() => server.connections.open === 0);
    expect(clock.pending()).toBe(0);
  });

  it('fails when a body stalls for the idle time, even if it moved before', async () => {
    const clock = fakeClock();
    let write = (_text: string): void => {};
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      write = (text) => void response.write(text);
      write('a');
    });
    const { fetch } = openedTransport({ clock });
    const response = await fetch(requestTo(server.url));
    const failed = rejection(response.body.bytes(1000));
    for (let moved = 0; moved < 3; moved += 1) {
      await clock.advance(24_000);
      write('b');
      await clock.advance(0);
    }
    expect(server.connections.open).toBe(1);
    await clock.advance(25_000);
    expect(await failed).toMatchObject({ code: 'STALLED', message: expect.stringContaining('25 s') });
    await until(() => server.connections.open === 0);
  });

  it('does not count a pause of the reader as a stall', async () => {
    const clock = fakeClock();
    const server = await scriptedServer((_request, response) => void response.end(Buffer.alloc(MiB)));
    const { fetch } = openedTransport({ clock });
    const response = await fetch(requestTo(server.url));
    let size = 0;
    for await (const chunk of response.body.stream()) {
      if (size === 0) await clock.advance(120_000);
      size += chunk.length;
    }
    expect(size).toBe(MiB);
  });

  it('fails when the server stops reading an upload', async () => {
    const clock = fakeClock();
    const server = await scriptedServer((request) => void request.pause());
    let taken = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; ; taken += 1) yield new Uint8Array(MiB);
    }
    const { fetch } = openedTransport({ clock });
    const failed = rejection(
      fetch(
        requestTo(server.url, {
          method: 'PUT',
          operation: 'upload',
          body: { kind: 'stream', length: 4096 * MiB, chunks: endless() },
        }),
      ),
    );
    await server.came(1);
    let before = -1;
    while (before !== taken) {
      before = taken;
      for (let turn = 0; turn < 200; turn += 1) await setImmediate();
    }
    await clock.advance(30_000);
    expect(await failed).toMatchObject({ code: 'STALLED', message: expect.stringContaining('byte sent') });
  });

  it('does not count a slow upload source as a stall', async () => {
    const clock = fakeClock();
    const server = await scriptedServer(
      async (request, response) => void response.writeHead(201).end(String((await bodyOf(request)).length)),
    );
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      await clock.advance(120_000);
      yield new Uint8Array(10);
    }
    const { fetch } = openedTransport({ clock });
    expect(
      (await fetch(requestTo(server.url, { method: 'PUT', body: { kind: 'stream', length: 20, chunks: slow() } })))
        .status,
    ).toBe(201);
  });

  it('fails when a trickling request exceeds the total time', async () => {
    const clock = fakeClock();
    let write = (): void => {};
    const server = await scriptedServer((_request, response) => {
      response.writeHead(200);
      write = () => void response.write('a');
      write();
    });
    const { fetch } = openedTransport({ clock });
    const response = await fetch(requestTo(server.url));
    const failed = rejection(response.body.bytes(1000));
    for (let passed = 0; passed < 900; passed += 20) {
      write();
      await clock.advance(20_000);
    }
    expect(await failed).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('900 s') });
  });
});
