import type { Clock } from '../clock.ts';

/** Bytes of memory that are lent out and given back. */
export type MemoryBudget = {
  /**
   * Waits, first come first served, until `bytes` are free. `relieve` is called when others have waited for
   * `patience` and this loan stands in their way.
   */
  lend(bytes: number, relieve: () => void, signal: AbortSignal): Promise<() => void>;
};

type Waiter = { readonly bytes: number; readonly grant: () => void };

/** A budget of `total` bytes; a single loan of more than that is granted when nothing else is lent. */
export function memoryBudget(total: number, patience: number, clock: Clock): MemoryBudget {
  const waiting: Waiter[] = [];
  const loans = new Set<() => void>();
  let lent = 0;

  const grantWhatFits = (): void => {
    for (let next = waiting[0]; next !== undefined && (lent === 0 || lent + next.bytes <= total); next = waiting[0]) {
      waiting.shift();
      lent += next.bytes;
      next.grant();
    }
  };
  const relieveAll = (): void => {
    for (const relieve of loans) relieve();
  };

  return {
    lend: (bytes, relieve, signal) =>
      new Promise((resolve, reject) => {
        const cancelTimer = clock.timer(patience, relieveAll);
        const onAbort = (): void => {
          cancelTimer();
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(signal.reason as Error);
        };
        const waiter: Waiter = {
          bytes,
          grant: () => {
            cancelTimer();
            signal.removeEventListener('abort', onAbort);
            loans.add(relieve);
            resolve(() => {
              if (!loans.delete(relieve)) return;
              lent -= bytes;
              grantWhatFits();
            });
          },
        };
        if (signal.aborted) {
          cancelTimer();
          reject(signal.reason as Error);
          return;
        }
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(waiter);
        grantWhatFits();
      }),
  };
}
