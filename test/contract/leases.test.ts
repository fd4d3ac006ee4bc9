import { afterAll, describe } from 'vitest';
import { redisLeases } from '../../src/redis/leases.ts';
import { realClock } from '../../src/clock.ts';
import { parseRedisAddress } from '../../src/redis/address.ts';
import { openRedis } from '../../src/redis/link.ts';
import { memoryLeases } from '../../src/processes/memory-leases.ts';
import { memoryServer } from '../support/memory-server.ts';
import { orSkip } from '../support/programs.ts';
import { startRedis } from '../support/redis-server.ts';
import { leasesContract } from './leases.contract.ts';

describe('src/processes/memory-leases.ts', () => {
  leasesContract(async () => {
    const leases = memoryLeases(realClock());
    return { one: leases, other: leases, [Symbol.asyncDispose]: async () => {} };
  });
});

describe('src/processes/connect.ts: leases', () => {
  const server = memoryServer();
  afterAll(server.kill);
  leasesContract(async () => {
    const world = server.world();
    return { one: world.open().leases, other: world.open().leases, [Symbol.asyncDispose]: async () => {} };
  });
});

describe('src/redis/leases.ts', () => {
  leasesContract(async (test) => {
    const server = await orSkip(test, () => startRedis({ password: 'of a test' }));
    const address = parseRedisAddress(server.url);
    if (address === undefined) throw new Error('the server has an address');
    const process = (): ReturnType<typeof redisLeases> =>
      redisLeases({
        clock: realClock(),
        narrate: () => undefined,
        place: address.shown,
        open: (signal) => openRedis(address, signal, realClock()),
      });
    const [one, other] = [process(), process()];
    return {
      one,
      other,
      [Symbol.asyncDispose]: async () => {
        one.close();
        other.close();
        await server.stop();
      },
    };
  });
});
