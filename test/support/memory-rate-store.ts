import type { Clock } from '../../src/clock.ts';
import type { RateStore } from '../../src/ratelimit/shared/store.ts';
import type { SharedRecord } from '../../src/ratelimit/shared/record.ts';

/** A rate store in memory. */
export type MemoryRateStore = {
  /** Opens the connection of one process. */
  open(): RateStore;
  record(name: string): SharedRecord | undefined;
  /** Returns the number of granted tokens. */
  given(): number;
  /** Loses all connections and all records. */
  lose(): void;
};

/** Duration of each round trip in milliseconds. */
const LATENCY = 1;

type Budget = {
  tokens: number;
  rate: number;
  updated: number;
  cancel?: () => void;
  readonly queue: { tokens: number; before: number; give: () => void }[];
};

/** Creates an empty store. */
export function memoryRateStore(clock: Clock): MemoryRateStore {
  const records = new Map<string, string>();
  const budgets = new Map<string, Budget>();
  const followers = new Map<string, Set<(record: SharedRecord) => void>>();
  const connections = new Set<() => void>();
  let given = 0;
  const parsed = (text: string): SharedRecord => JSON.parse(text) as SharedRecord;
  const budgetOf = (name: string): Budget => {
    const budget = budgets.get(name) ?? { tokens: 0, rate: 0, updated: clock.now(), queue: [] };
    budgets.set(name, budget);
    return budget;
  };
  const serve = (budget: Budget): void => {
    const now = clock.now();
    const most = 1 + budget.rate / 4;
    budget.tokens = Math.min(most, budget.tokens + ((now - budget.updated) / 1000) * budget.rate);
    budget.updated = now;
    for (let next = budget.queue[0]; next !== undefined && next.tokens <= budget.tokens; next = budget.queue[0]) {
      budget.tokens -= next.tokens;
      given += next.tokens;
      next.give();
      budget.queue.shift();
    }
    // An exact wait could end, by rounding, before the token is whole.
    const missing = (budget.queue[0]?.tokens ?? 0) - budget.tokens;
    budget.cancel?.();
    delete budget.cancel;
    if (budget.queue.length > 0 && budget.rate > 0)
      budget.cancel = clock.timer(Math.max(1, (missing / budget.rate) * 1000), () => serve(budget));
  };
  const put = (name: string, next: string): void => {
    records.set(name, next);
    clock.timer(LATENCY, () => {
      for (const changed of followers.get(name) ?? []) changed(parsed(next));
    });
  };
  const open = (): RateStore => {
    const { promise: lost, resolve } = Promise.withResolvers<string>();
    const mine: (readonly [string, (record: SharedRecord) => void])[] = [];
    const close = (): void => {
      for (const [name, changed] of mine) followers.get(name)?.delete(changed);
    };
    connections.add(() => {
      close();
      resolve('it was taken away');
    });
    return {
      offset: 0,
      lost,
      close,
      replace: async (name, version, next) => {
        await clock.wait(LATENCY);
        const there = records.get(name);
        if ((there === undefined ? 0 : parsed(there).version) === version) {
          put(name, JSON.stringify(next));
          return undefined;
        }
        return there === undefined ? 'gone' : parsed(there);
      },
      follow: (name, changed) => {
        followers.set(name, (followers.get(name) ?? new Set()).add(changed));
        mine.push([name, changed]);
      },
      lease: (name, tokens, before) =>
        new Promise((give) => {
          const budget = budgetOf(name);
          budget.queue.push({ tokens, before, give });
          budget.queue.sort((one, other) => other.before - one.before);
          serve(budget);
        }),
      refill: async (name, rate, empty) => {
        await clock.wait(LATENCY);
        const budget = budgetOf(name);
        Object.assign(budget, { rate, ...(empty && { tokens: 0, updated: clock.now() }) });
        serve(budget);
      },
    };
  };
  return {
    open,
    record: (name) => (records.has(name) ? parsed(records.get(name) ?? '') : undefined),
    given: () => given,
    lose: () => {
      records.clear();
      budgets.clear();
      for (const lose of connections) lose();
      connections.clear();
    },
  };
}
