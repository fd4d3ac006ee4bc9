import type { Clock } from '../../clock.ts';
import type { SubjectQueue } from './lock.ts';

/** Names that processes share, of which one holder at a time has each, for a while. Whoever cannot reach them goes on as if alone. */
export type Leases = {
  /** Gives the name to the holder for so many milliseconds, unless another one has it. */
  take(name: string, holder: string, ms: number): Promise<boolean>;
  /** Lets the holder have the name for so many milliseconds from now; does nothing where another one has it. */
  renew(name: string, holder: string, ms: number): Promise<void>;
  /** Ends the holder's lease; does nothing where another one has the name. */
  giveBack(name: string, holder: string): Promise<void>;
};

export type LeasedQueueServices = {
  readonly clock: Clock;
  readonly leases: Leases;
  /** A name that no other holder has. */
  readonly holderName: () => string;
};

/** A process that was killed keeps others waiting for this long; one that lives has three chances to renew. In milliseconds. */
const LEASE = 30_000;
const RENEW_EVERY = 10_000;

/** A change of a tag takes three requests, a few hundred milliseconds; looking more often would only load the server. */
const LOOK_EVERY = 200;

/** A queue that is one with those of other processes: on its turn here, the subject's lease is waited for, too. */
export function leasedQueue(inner: SubjectQueue, { clock, leases, holderName }: LeasedQueueServices): SubjectQueue {
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
    run: (subject, work, signal) =>
      inner.run(
        subject,
        async () => {
          const holder = holderName();
          while (!(await leases.take(subject, holder, LEASE))) await clock.wait(LOOK_EVERY, signal);
          const stopRenewing = renewing(subject, holder);
          try {
            return await work();
          } finally {
            stopRenewing();
            await leases.giveBack(subject, holder);
          }
        },
        signal,
      ),
  };
}
