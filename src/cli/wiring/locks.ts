import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Narrator } from '../../events.ts';
import type { Pause } from '../../async/backoff.ts';
import type { RedisAddress } from '../../redis/address.ts';
import { openRedis } from '../../redis/link.ts';
import { leasedLock } from '../../registry/attaching/leased-lock.ts';
import { subjectLock, type SubjectLock } from '../../registry/attaching/lock.ts';
import { redisLeases } from '../../redis/leases.ts';

export type QueueOptions = { readonly clock: Clock; readonly narrate: Narrator; readonly pause: Pause };

/** The queue of this process, one with those of other processes where a Redis server is given. */
export function openQueue(
  address: RedisAddress | undefined,
  { clock, narrate, pause }: QueueOptions,
): { readonly queue: SubjectLock; close(): void } {
  const queue = subjectLock(pause);
  if (address === undefined) return { queue, close: () => undefined };
  const leases = redisLeases({
    clock,
    narrate,
    place: address.shown,
    open: (signal) => openRedis(address, signal),
  });
  return { queue: leasedLock(queue, { clock, leases, holderName: randomUUID }), close: leases.close };
}
