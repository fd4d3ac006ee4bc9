import type { Pause } from '../../async/backoff.ts';

/** Lets one at a time change what is kept under one name, such as a tag that is read, changed and written. */
export type SubjectQueue = {
  /** Runs the work when all that was asked for the subject before has ended, well or not. */
  run<T>(subject: string, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Before another look at a subject that somebody else changes at the same time. */
  readonly pause: Pause;
};

/** A queue for the callers within this process. */
export function subjectQueue(pause: Pause): SubjectQueue {
  const last = new Map<string, Promise<void>>();
  return {
    pause,
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

/** Resolves when the promise has settled in whatever way. */
async function endOf(promise: Promise<unknown>): Promise<void> {
  await Promise.allSettled([promise]);
}
