import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Narrator } from '../../events.ts';
import type { Pause } from '../../async/backoff.ts';
import type { RedisAddress } from '../../redis/address.ts';
import { openRedis } from '../../redis/link.ts';
import { leasedLock } from '../../registry/attaching/leased-lock.ts';
import { subjectLock, type SubjectLock } from '../../registry/attaching/lock.ts';
import { redisLeases } from '../../redis/leases.ts';

type LockOptions = { readonly clock: Clock; readonly narrate: Narrator; readonly pause: Pause };

/** Returns the lock of this process; with the address of a Redis server, a lock that processes share. */
export function openLock(
  address: RedisAddress | undefined,
  { clock, narrate, pause }: LockOptions,
): { readonly lock: SubjectLock; close(): void } {
  const lock = subjectLock(pause);
  if (address === undefined) return { lock, close: () => undefined };
  const leases = redisLeases({
    clock,
    narrate,
    place: address.shown,
    open: (signal) => openRedis(address, signal, clock),
  });
  return { lock: leasedLock(lock, { clock, leases, holderName: randomUUID }), close: leases.close };
}
