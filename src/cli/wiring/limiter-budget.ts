import type { Clock } from '../../clock.ts';
import type { Narrator } from '../../events.ts';
import type { RedisAddress } from '../../redis/address.ts';
import { sharedBudget, type SharedBudget } from '../../ratelimit/shared/budget.ts';

/** Shares rates with other processes through a Redis server. Loads its client with the first request. */
export function openBudget(address: RedisAddress, clock: Clock, narrate: Narrator): SharedBudget {
  return sharedBudget({
    clock,
    narrate,
    place: address.shown,
    open: async (signal) => {
      const { openRedis } = await import('../../redis/link.ts');
      const { redisRateStore } = await import('../../redis/rate-store.ts');
      return redisRateStore(await openRedis(address, signal, clock), clock);
    },
  });
}
