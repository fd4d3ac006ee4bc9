import type { Clock } from '../clock.ts';

/** A budget of memory in bytes, which callers borrow and return. */
export type MemoryBudget = {
  /**
   * Waits, in order of arrival, until `bytes` are free, and resolves to the function that returns them. If others have
   * waited for longer than the budget permits, `relieve` is called, possibly several times.
   */
  lend(bytes: number, relieve: () => void, signal: AbortSignal): Promise<() => void>;
};

type Loan = { readonly bytes: number; readonly relieve: () => void };

type Waiter = Loan & { readonly grant: () => void; readonly refuse: () => void };

/**
 * Creates a budget of `total` bytes. A larger loan is granted if nothing else is lent. `relieveAfter` is the time in
 * milliseconds after which `relieve` is called; without a clock it never is.
 */
export function memoryBudget(total: number, relieveAfter = 0, clock?: Clock): MemoryBudget {
  const book = loanBook(total);
  return {
    lend: async (bytes, relieve, signal) => {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter: Waiter = { bytes, relieve, grant: resolve, refuse: () => reject(signal.reason) };
      if (!book.ask(waiter)) {
        const calm = clock && every(relieveAfter, clock, book.relieveAll);
        await endingWith(signal, promise, () => book.giveUp(waiter)).finally(calm);
      }
      return () => book.giveBack(waiter);
    },
  };
}

type LoanBook = {
  /** Joins the queue; returns true if the loan was granted at once. */
  ask(waiter: Waiter): boolean;
  /** Leaves the queue; has no effect on a granted loan. */
  giveUp(waiter: Waiter): void;
  giveBack(loan: Loan): void;
  relieveAll(): void;
};

function loanBook(total: number): LoanBook {
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
  return {
    ask: (waiter) => {
      waiting.add(waiter);
      grantWhatFits();
      return loans.has(waiter);
    },
    giveUp: (waiter) => {
      if (!waiting.delete(waiter)) return;
      waiter.refuse();
      // The waiter that left may have blocked smaller ones.
      grantWhatFits();
    },
    giveBack: (loan) => {
      if (!loans.delete(loan)) return;
      lent -= loan.bytes;
      grantWhatFits();
    },
    relieveAll: () => {
      for (const { relieve } of loans) relieve();
    },
  };
}

async function endingWith(signal: AbortSignal, promise: Promise<void>, giveUp: () => void): Promise<void> {
  signal.addEventListener('abort', giveUp, { once: true });
  await promise.finally(() => signal.removeEventListener('abort', giveUp));
}

/** Calls `fire` every `ms` milliseconds until the returned function is called. */
function every(ms: number, clock: Clock, fire: () => void): () => void {
  let cancel = clock.timer(ms, again);
  function again(): void {
    cancel = clock.timer(ms, again);
    fire();
  }
  return () => cancel();
}
