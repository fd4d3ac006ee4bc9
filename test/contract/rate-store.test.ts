import { afterAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { parseRedisAddress, type RedisAddress } from '../../src/redis/address.ts';
import { redisRateStore } from '../../src/redis/rate-store.ts';
import { openRedis } from '../../src/redis/link.ts';
import { newRecord } from '../../src/ratelimit/shared/record.ts';
import { memoryRateStore } from '../support/memory-rate-store.ts';
import { memoryServer } from '../support/memory-server.ts';
import { orSkip } from '../support/programs.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { rateStoreContract } from './rate-store.contract.ts';

describe('test/support/memory-rate-store.ts', () => {
  rateStoreContract(async () => {
    const store = memoryRateStore(realClock());
    return {
      open: async () => store.open(),
      lose: async () => store.lose(),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});

describe('src/processes/connect.ts: rates', () => {
  const server = memoryServer();
  afterAll(server.kill);
  rateStoreContract(async () => {
    const world = server.world();
    return {
      open: async () => world.open().rates,
      lose: async () => server.kill(),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});

const forever = new AbortController().signal;

/** Starts a server for one test, and returns it with its address. */
async function redisFor(test: TestContext): Promise<{ server: RedisServer; address: RedisAddress }> {
  const server = await orSkip(test, () => startRedis({ password: 'of a test' }));
  onTestFinished(server.stop);
  const address = parseRedisAddress(server.url);
  if (address === undefined) throw new Error('the server has an address');
  return { server, address };
}

describe('src/redis/rate-store.ts', () => {
  rateStoreContract(async (test) => {
    const { server, address } = await redisFor(test);
    const opened: { close(): void }[] = [];
    return {
      open: async () => {
        const store = await redisRateStore(await openRedis(address, forever, realClock()), realClock());
        opened.push(store);
        return store;
      },
      lose: server.stop,
      [Symbol.asyncDispose]: async () => {
        for (const store of opened) store.close();
      },
    };
  });

  it.for([
    ['not JSON', '{'],
    ['not an object', '7'],
    ['not a record', '{"version":5}'],
  ] as const)('replaces a value that is %s', async ([, text], test) => {
    const { address } = await redisFor(test);
    const link = await openRedis(address, forever, realClock());
    const store = await redisRateStore(link, realClock());
    for (const version of [0, 3]) {
      await link.client.set('kpromo:rates:1:0:a', text);
      const record = { ...newRecord({ start: 60, floor: 1, ceiling: 1000 }), version: version + 1 };
      expect(await store.replace('a', version, record)).toBeUndefined();
      expect(await store.replace('a', 0, record)).toEqual(record);
    }
    store.close();
  });

  it('returns the difference of the clocks', async (test) => {
    const { address } = await redisFor(test);
    const real = realClock();
    const ahead = { ...real, now: () => real.now() + 3_600_000 };
    const store = await redisRateStore(await openRedis(address, forever, realClock()), ahead);
    // The rest is the round trip.
    expect(Math.abs(store.offset + 3_600_000)).toBeLessThan(60_000);
    store.close();
  });
});
