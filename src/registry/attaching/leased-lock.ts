import type { Clock } from '../../clock.ts';
import type { SubjectLock } from './lock.ts';

/**
 * Named leases shared between processes: one holder at a time has each name, until its lease ends. If the server of the
 * leases is down, callers continue without them.
 */
export type Leases = {
  /** Grants the name to the holder for `ms` milliseconds, unless another holder has it. */
  acquire(name: string, holder: string, ms: number): Promise<boolean>;
  /** Extends the holder's lease to `ms` milliseconds from now; does nothing if another holder has the name. */
  renew(name: string, holder: string, ms: number): Promise<void>;
  /** Ends the holder's lease; does nothing if another holder has the name. */
  release(name: string, holder: string): Promise<void>;
};

type LeasedLockServices = {
  readonly clock: Clock;
  readonly leases: Leases;
  /** Returns a name that no other holder has. */
  readonly holderName: () => string;
  /** False if only processes of one job share the leases. Default: true. */
  readonly isShared?: boolean;
};

/** A killed process blocks others for this long; a live one has three chances to renew. In milliseconds. */
const LEASE = 30_000;
const RENEW_EVERY = 10_000;

/**
 * Interval of attempts to get a lease, in milliseconds. Changing a tag takes three requests, a few hundred
 * milliseconds; trying more often would only load the server.
 */
const LOOK_EVERY = 200;

/**
 * Creates a lock that is shared with other processes: after its turn in this process, each caller also waits for the
 * subject's lease.
 */
export function leasedLock(
  inner: SubjectLock,
  { clock, leases, holderName, isShared = true }: LeasedLockServices,
): SubjectLock {
  const renewing = (subject: string, holder: string): (() => void) => {
    let cancel = (): void => undefined;
    const renewLater = (): void => {
      cancel = clock.timer(RENEW_EVERY, () => {
        void leases.renew(subject, holder, LEASE);
        renewLater();
      });
    };
    renewLater();
    return () => cancel();
  };
  return {
    pause: inner.pause,
    isShared,
    run: (subject, work, signal) =>
      inner.run(
        subject,
        async () => {
          const holder = holderName();
          while (!(await leases.acquire(subject, holder, LEASE))) await clock.wait(LOOK_EVERY, signal);
          const stopRenewing = renewing(subject, holder);
          try {
            return await work();
          } finally {
            stopRenewing();
            await leases.release(subject, holder);
          }
        },
        signal,
      ),
  };
}
