import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { orSkip } from '../support/programs.ts';
import { startRedis, type RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { quotaGate } from '../support/registry/faults.ts';
import { scriptedServer } from '../support/scripted-server.ts';

const CLIENT = join(import.meta.dirname, '..', 'support', 'limited-client.ts');

const QUOTA = 30;

/** What a server with a quota saw. */
type Limited = {
  readonly url: string;
  /** How many requests have been admitted. */
  readonly admitted: number;
  /** Resolves when so many have been admitted. */
  reached(count: number): Promise<void>;
};

async function limitedServer(): Promise<Limited> {
  const clock = realClock();
  const gate = quotaGate({ perSecond: QUOTA }, clock);
  let admitted = 0;
  const waiting = new Set<() => void>();
  const server = await scriptedServer((_request, response) => {
    const refusal = gate();
    if (refusal === undefined) admitted += 1;
    response.writeHead(refusal?.status ?? 200).end();
    for (const look of waiting) look();
  });
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (admitted < count) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    url: server.url.href,
    get admitted() {
      return admitted;
    },
    reached,
  };
}

type Client = {
  readonly process: ChildProcess;
  readonly said: readonly string[];
  /** Resolves when it has said so many lines. */
  told(lines: number): Promise<void>;
};

/** Starts a process that sends to the server as fast as it may. */
function client(redis: RedisServer, { url }: Limited): Client {
  const child = spawn(process.execPath, [CLIENT, redis.url, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: string[] = [];
  const lines = createInterface(child.stdout).on('line', (line) => {
    const { level, message } = JSON.parse(line) as { level: string; message: string };
    said.push(`${level} ${message}`);
  });
  const told = async (count: number): Promise<void> => {
    while (said.length < count) await once(lines, 'line');
  };
  return { process: child, said, told };
}

async function redisFor(test: TestContext, options?: RedisServerOptions): Promise<RedisServer> {
  const redis = await orSkip(test, () => startRedis(options));
  onTestFinished(redis.stop);
  return redis;
}

describe('processes that share a quota through Redis', () => {
  // How much of it they use is measured with a clock of its own: src/ratelimit/shared/bucket.test.ts.
  it('go on although one of three is killed', async (test) => {
    const redis = await redisFor(test);
    const server = await limitedServer();
    const clients = [client(redis, server), client(redis, server), client(redis, server)];
    await Promise.all(clients.map(({ told }) => told(1)));
    clients[0]?.process.kill('SIGKILL');
    await server.reached(server.admitted + 60);
    for (const { said } of clients)
      expect(said).toEqual([expect.stringMatching('^info Sharing request rates through ')]);
  });

  it('go on when Redis is gone, say so once, and meet again when it is back', async (test) => {
    const redis = await redisFor(test);
    const server = await limitedServer();
    const clients = [client(redis, server), client(redis, server)];
    const all = (lines: number): Promise<unknown> => Promise.all(clients.map(({ told }) => told(lines)));
    await all(1);
    await server.reached(60);
    const place = `redis://127.0.0.1:${redis.port}`;
    const met = `info Sharing request rates through ${place}`;
    expect(clients.map(({ said }) => said)).toEqual([[met], [met]]);
    await redis.stop();
    await all(2);
    await server.reached(server.admitted + 60);
    const warned = expect.stringMatching(`^warning ${place}, .* cannot be reached`) as string;
    expect(clients.map(({ said }) => said)).toEqual([
      [met, warned],
      [met, warned],
    ]);
    await redisFor(test, { port: redis.port });
    await all(3);
    await server.reached(server.admitted + 60);
    expect(clients.map(({ said }) => said)).toEqual([
      [met, warned, `${met} again`],
      [met, warned, `${met} again`],
    ]);
    const ends = clients.map(({ process: child }) => once(child, 'close'));
    for (const { process: child } of clients) child.kill('SIGTERM');
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
    ]);
  });

  it('end on SIGTERM although the limiter says nothing', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const server = await limitedServer();
    const { port } = silent.address() as AddressInfo;
    const { process: child } = client({ url: `redis://127.0.0.1:${port}` } as RedisServer, server);
    await once(silent, 'connection');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
