import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { parseRedisAddress } from '../../src/redis/address.ts';
import { openRedis } from '../../src/redis/link.ts';
import { freePort } from '../support/processes.ts';
import { orSkip } from '../support/programs.ts';
import { cip, type CipRun } from '../support/promotion/cip.ts';
import { writeTree } from '../support/promotion/tree.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';
import { startRegistries, type TestRegistry } from '../support/registry/server.ts';
import { MARK } from '../support/secret-world.ts';

/** What two processes share is measured in real time. */
const speed = 1;

type World = AsyncDisposable & {
  readonly mirror: TestRegistry;
  run(flags: readonly string[], env?: Readonly<Record<string, string>>): Promise<CipRun>;
};

/** One image that is to be promoted. */
async function world(): Promise<World> {
  const [staging, mirror] = await startRegistries(2);
  if (staging === undefined || mirror === undefined) throw new Error('two were asked for');
  const { digest } = storeImage(staging.store, 'staging/app', buildImage({ seed: 1, layers: [100] }));
  const entries = [['app', digest, 'v1'] as const];
  const tree = await writeTree([{ name: 'p', from: `${staging.host}/staging`, to: [`${mirror.host}/prod`], entries }]);
  const promote = ['--manifests', tree.path, '--confirm', '--sign=false', '--log-level', 'trace'];
  return {
    mirror,
    run: (flags, env = {}) => cip([...promote, ...flags], { speed, env }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([staging.close(), mirror.close()]);
      await tree[Symbol.asyncDispose]();
    },
  };
}

async function redisWithPassword(test: TestContext): Promise<RedisServer> {
  const redis = await orSkip(test, () => startRedis({ password: `secret-${MARK}` }));
  onTestFinished(redis.stop);
  return redis;
}

/** The names of what the server holds. */
async function keysOf({ url }: RedisServer): Promise<readonly string[]> {
  const address = parseRedisAddress(url);
  if (address === undefined) throw new Error('the server has an address');
  const link = await openRedis(address, new AbortController().signal, realClock());
  const keys = await link.client.keys('*');
  link.close();
  return keys;
}

const inFlag = (url: string): readonly [readonly string[], Readonly<Record<string, string>>] => [
  ['--limiter', url],
  {},
];
const inEnvironment = (url: string): readonly [readonly string[], Readonly<Record<string, string>>] => [
  [],
  { KPROMO_LIMITER: url },
];

describe('kpromo cip with a limiter', () => {
  it.for([
    ['--limiter', inFlag],
    ['KPROMO_LIMITER', inEnvironment],
  ] as const)('promotes, and shares its rates through the server that %s names', async ([, given], test) => {
    const redis = await redisWithPassword(test);
    await using one = await world();
    const { code, stdout, stderr, log } = await one.run(...given(redis.url));
    expect(code, stderr).toBe(0);
    expect(Object.keys(one.mirror.snapshot()['prod/app']?.tags ?? {})).toEqual(['v1']);
    expect(log).toContain(`info Sharing request rates through redis://127.0.0.1:${redis.port}`);
    expect(stdout + stderr).not.toContain(MARK);
    const keys = await keysOf(redis);
    expect(keys).toContain(`kpromo:rates:1:0:http://${one.mirror.host}`);
    expect(keys).toContain(`b_kpromo:1:0:http://${one.mirror.host}_settings`);
  });

  it('promotes without the server that does not take its password, and does not show it', async (test) => {
    const redis = await redisWithPassword(test);
    await using one = await world();
    const { code, stdout, stderr, log } = await one.run(
      ...inEnvironment(`redis://:wrong-${MARK}@127.0.0.1:${redis.port}`),
    );
    expect(code, stderr).toBe(0);
    const warnings = log.filter((line) => line.startsWith('warning'));
    expect(warnings).toEqual([expect.stringContaining('cannot be reached (WRONGPASS)')]);
    expect(stdout + stderr).not.toContain(MARK);
  });

  it('promotes without a server that is not there, and does not show its password', async () => {
    await using one = await world();
    const { code, stdout, stderr, log } = await one.run(...inFlag(`redis://me:${MARK}@127.0.0.1:${await freePort()}`));
    expect(code, stderr).toBe(0);
    const warnings = log.filter((line) => line.startsWith('warning'));
    expect(warnings).toEqual([expect.stringContaining('cannot be reached (ECONNREFUSED)')]);
    expect(stdout + stderr).not.toContain(MARK);
  });

  it.each([
    ['--limiter', inFlag],
    ['KPROMO_LIMITER', inEnvironment],
  ] as const)('refuses an address in %s that is none, and does not show it', async (name, given) => {
    await using one = await world();
    const { code, stdout, stderr, log } = await one.run(...given(`https://me:${MARK}@127.0.0.1`));
    expect(code).toBe(1);
    expect(log.at(-1)).toMatch(`fatal ${name} is not a valid address of a Redis server`);
    expect(stdout + stderr).not.toContain(MARK);
  });

  it('connects to nothing where nothing is asked of a registry', async () => {
    let connections = 0;
    const server = createServer(() => (connections += 1)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await using one = await world();
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await one.run([
      '--confirm=false',
      '--parse-only',
      '--limiter',
      `redis://127.0.0.1:${port}`,
    ]);
    expect(code, stderr).toBe(0);
    expect(connections).toBe(0);
  });

  it('does not show the address of the environment in its help', async () => {
    const { stdout, stderr } = await cip(['--help=all'], { env: { KPROMO_LIMITER: `redis://:${MARK}@cache` } });
    expect(stdout).toContain('--limiter');
    expect(stdout + stderr).not.toContain(MARK);
  });
});
