import type { Clock } from '../clock.ts';

/** Bytes of memory that are lent out and given back. */
export type MemoryBudget = {
  /**
   * Waits, first come first served, until `bytes` are free, and resolves to the function that gives them back.
   * `relieve` is called, maybe again and again, when others have waited for the budget's patience.
   */
  lend(bytes: number, relieve: () => void, signal: AbortSignal): Promise<() => void>;
};

type Loan = { readonly bytes: number; readonly relieve: () => void };

type Waiter = Loan & { readonly grant: () => void };

/** A budget of `total` bytes; a single loan of more than that is granted when nothing else is lent. */
export function memoryBudget(total: number, patience: number, clock: Clock): MemoryBudget {
  const waiting = new Set<Waiter>();
  const loans = new Set<Loan>();
  let lent = 0;

  const grantWhatFits = (): void => {
    for (const waiter of waiting) {
      if (loans.size > 0 && lent + waiter.bytes > total) return;
      waiting.delete(waiter);
      loans.add(waiter);
      lent += waiter.bytes;
      waiter.grant();
    }
  };
  const giveBack = (loan: Loan): void => {
    if (!loans.delete(loan)) return;
    lent -= loan.bytes;
    grantWhatFits();
  };
  const relieveAll = (): void => {
    for (const { relieve } of loans) relieve();
  };

  return {
    lend: async (bytes, relieve, signal) => {
      signal.throwIfAborted();
      const granted = Promise.withResolvers<void>();
      const waiter: Waiter = { bytes, relieve, grant: granted.resolve };
      const giveUp = (): void => {
        if (!waiting.delete(waiter)) return;
        granted.reject(signal.reason);
        grantWhatFits();
      };
      waiting.add(waiter);
      grantWhatFits();
      if (waiting.has(waiter)) {
        signal.addEventListener('abort', giveUp, { once: true });
        const calm = every(patience, clock, relieveAll);
        await granted.promise.finally(() => {
          calm();
          signal.removeEventListener('abort', giveUp);
        });
      }
      return () => giveBack(waiter);
    },
  };
}

/** Calls `fire` after each `ms` until the returned function is called. */
function every(ms: number, clock: Clock, fire: () => void): () => void {
  let cancel = clock.timer(ms, again);
  function again(): void {
    cancel = clock.timer(ms, again);
    fire();
  }
  return () => cancel();
}
