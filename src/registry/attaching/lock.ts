import type { Pause } from '../../async/backoff.ts';

/**
 * A lock by name: lets one caller at a time change the data under a name, such as a tag that is read, changed and
 * written.
 */
export type SubjectLock = {
  /** Runs the work after all earlier work for the subject has ended, successfully or not. */
  run<T>(subject: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Waits before another look at a subject that another process changes at the same time. */
  readonly pause: Pause;
  /** True if other jobs wait for it, too; without that, they may change the same data between two requests. */
  readonly isShared: boolean;
};

/** Creates a lock for the callers within this process. */
export function subjectLock(pause: Pause): SubjectLock {
  const last = new Map<string, Promise<void>>();
  return {
    pause,
    isShared: false,
    run: async (subject, work) => {
      const mine = after(last.get(subject), work);
      const ended = endOf(mine);
      last.set(subject, ended);
      try {
        return await mine;
      } finally {
        if (last.get(subject) === ended) last.delete(subject);
      }
    },
  };
}

async function after<T>(earlier: Promise<void> | undefined, work: () => Promise<T>): Promise<T> {
  await earlier;
  return work();
}

/** Resolves when the promise has settled, in either way. */
async function endOf(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}
