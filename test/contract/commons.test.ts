import { describe } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { parseRedisAddress } from '../../src/ratelimit/redis-address.ts';
import { redisCommons } from '../../src/ratelimit/redis-commons.ts';
import { openRedis } from '../../src/ratelimit/redis-link.ts';
import { memoryCommons } from '../support/memory-commons.ts';
import { orSkip } from '../support/programs.ts';
import { startRedis } from '../support/redis-server.ts';
import { commonsContract } from './commons.contract.ts';

describe('test/support/memory-commons.ts', () => {
  commonsContract(async () => {
    const commons = memoryCommons(realClock());
    return {
      open: async () => commons.open(),
      lose: async () => commons.lose(),
      [Symbol.asyncDispose]: async () => {},
    };
  });
});

describe('src/ratelimit/redis-commons.ts', () => {
  commonsContract(async (test) => {
    const server = await orSkip(test, () => startRedis({ password: 'of a test' }));
    const address = parseRedisAddress(server.url);
    if (address === undefined) throw new Error('the server has an address');
    const opened: { close(): void }[] = [];
    return {
      open: async () => {
        const commons = await redisCommons(await openRedis(address, new AbortController().signal), realClock());
        opened.push(commons);
        return commons;
      },
      lose: server.stop,
      [Symbol.asyncDispose]: async () => {
        for (const commons of opened) commons.close();
        await server.stop();
      },
    };
  });
});
