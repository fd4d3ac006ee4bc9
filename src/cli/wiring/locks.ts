import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Narrator } from '../../events.ts';
import type { Pause } from '../../async/backoff.ts';
import type { RedisAddress } from '../../redis/address.ts';
import { openRedis } from '../../redis/link.ts';
import { leasedLock, type Leases } from '../../registry/attaching/leased-lock.ts';
import { subjectLock, type SubjectLock } from '../../registry/attaching/lock.ts';
import { redisLeases } from '../../redis/leases.ts';

type LockOptions = { readonly clock: Clock; readonly narrate: Narrator; readonly pause: Pause };

/** Where locks are shared: on a Redis server, else in another process of the run. */
type Shared = { readonly address: RedisAddress | undefined; readonly leases?: Leases | undefined };

/** Returns the lock of this process, or one that it shares with other processes. */
export function openLock(
  { address, leases: ofPeers }: Shared,
  { clock, narrate, pause }: LockOptions,
): { readonly lock: SubjectLock; close(): void } {
  const lock = subjectLock(pause);
  const shared = (leases: Leases, isShared: boolean): SubjectLock =>
    leasedLock(lock, { clock, leases, holderName: randomUUID, isShared });
  if (address === undefined)
    return { lock: ofPeers === undefined ? lock : shared(ofPeers, false), close: () => undefined };
  const leases = redisLeases({
    clock,
    narrate,
    place: address.shown,
    open: (signal) => openRedis(address, signal, clock),
  });
  return { lock: shared(leases, true), close: leases.close };
}
