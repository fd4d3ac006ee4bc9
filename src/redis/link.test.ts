import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { realClock } from '../clock.ts';
import { freePort } from '../../test/support/processes.ts';
import type { RedisAddress } from './address.ts';
import { openRedis, reasonOf } from './link.ts';

const at = (port: number): RedisAddress => ({
  host: '127.0.0.1',
  port,
  db: 0,
  tls: false,
  password: 'secret-zq7',
  shown: 'redis://127.0.0.1',
});

const forever = new AbortController().signal;

describe('src/redis/link.ts', () => {
  it('rejects with the reason when the server cannot be reached', async () => {
    await expect(openRedis(at(await freePort()), forever, realClock())).rejects.toThrow(/^ECONNREFUSED$/);
  });

  it.each([
    ['never answers', undefined, 'no response'],
    ['repeats what it is told', (text: string) => `-ERR unknown command ${text.replaceAll(/\s+/g, ' ')}\r\n`, 'ERR'],
    ['takes no password', () => `-WRONGPASS invalid username-password pair\r\n`, 'WRONGPASS'],
  ])('rejects a server that %s, without quoting sent text', async (_what, answer, reason) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => answer !== undefined && socket.write(answer(data.toString())));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const clock = fakeClock();
    const opening = openRedis(at((server.address() as AddressInfo).port), forever, clock);
    let error: unknown;
    opening.catch((given: unknown) => (error = given));
    // The limit of a second does not count the time in which the process was stopped.
    clock.stop(75_000);
    await clock.advance(900);
    if (answer === undefined) expect(error).toBeUndefined();
    await clock.advance(200);
    await expect(opening).rejects.toThrow(new RegExp(`^${reason}$`));
  });

  it('stops connecting when the signal aborts', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void server.close());
    const stopping = new AbortController();
    const opening = openRedis(at((server.address() as AddressInfo).port), stopping.signal, realClock());
    server.once('connection', () => stopping.abort());
    // Not with the reason of a server that was waited for in vain.
    await expect(opening).rejects.toThrow(/^the connection ended$/);
  });

  it.each([
    [Object.assign(new Error('connect ECONNRESET 1.2.3.4'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [new Error('NOAUTH Authentication required.'), 'NOAUTH'],
    [new Error('Command timed out'), 'no response'],
    [new Error('Connection is closed.'), 'the connection ended'],
    ['anything', 'it failed'],
  ])('shortens %s', (error, reason) => {
    expect(reasonOf(error)).toBe(reason);
  });
});
