import type { Clock } from '../../clock.ts';

/** Bytes of memory that are lent out and given back. */
export type MemoryBudget = {
  /**
   * Waits, first come first served, until `bytes` are free, and resolves to the function that gives them back.
   * `relieve` is called, maybe again and again, when others have waited for the budget's patience, if it has one.
   */
  lend(bytes: number, relieve: () => void, signal: AbortSignal): Promise<() => void>;
};

type Loan = { readonly bytes: number; readonly relieve: () => void };

type Waiter = Loan & { readonly grant: () => void; readonly refuse: () => void };

/** A budget of `total` bytes; a single loan of more than that is granted when nothing else is lent. Without a clock nobody is relieved. */
export function memoryBudget(total: number, patience = 0, clock?: Clock): MemoryBudget {
  const book = loanBook(total);
  return {
    lend: async (bytes, relieve, signal) => {
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const waiter: Waiter = { bytes, relieve, grant: resolve, refuse: () => reject(signal.reason) };
      if (!book.ask(waiter)) {
        const calm = clock && every(patience, clock, book.relieveAll);
        await endingWith(signal, promise, () => book.giveUp(waiter)).finally(calm);
      }
      return () => book.giveBack(waiter);
    },
  };
}

type LoanBook = {
  /** Joins the queue; true when the loan was granted at once. */
  ask(waiter: Waiter): boolean;
  /** Leaves the queue; does nothing to a loan that was granted. */
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
      // It may have been all that stood before smaller ones.
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

/** Calls `fire` after each `ms` until the returned function is called. */
function every(ms: number, clock: Clock, fire: () => void): () => void {
  let cancel = clock.timer(ms, again);
  function again(): void {
    cancel = clock.timer(ms, again);
    fire();
  }
  return () => cancel();
}
