import type { Clock } from '../../clock.ts';
import type { Narrator } from '../../events.ts';
import type { RedisAddress } from '../../redis/address.ts';
import { sharedBudget, type SharedBudget } from '../../ratelimit/shared/budget.ts';
import type { RateStore } from '../../ratelimit/shared/store.ts';

/** Where rates are shared: on a Redis server, else in another process of the run. */
type Shared = { readonly address: RedisAddress | undefined; readonly rates?: RateStore | undefined };

/**
 * Shares rates with other processes; undefined if there are none. Loads the client of Redis with the first request.
 */
export function openBudget({ address, rates }: Shared, clock: Clock, narrate: Narrator): SharedBudget | undefined {
  if (address === undefined)
    return rates && sharedBudget({ clock, narrate, place: 'the main process', open: async () => rates });
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
