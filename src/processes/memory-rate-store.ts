import type { Clock } from '../clock.ts';
import type { RateStore } from '../ratelimit/shared/store.ts';
import type { SharedRecord } from '../ratelimit/shared/record.ts';

/** Rates in the memory of one process, for all processes that it serves. */
export type MemoryRateStore = {
  /** Opens the connection of one process. `close` also withdraws its waiting leases. */
  open(): Omit<RateStore, 'lost'>;
  record(name: string): SharedRecord | undefined;
  /** Returns the number of granted tokens. */
  given(): number;
  /** Forgets all records and budgets. */
  clear(): void;
};

/** Fraction of a second's tokens that may be saved, plus one: as in the store of Redis. */
const SAVED = 1 / 4;

type Lease = { readonly owner: object; readonly tokens: number; readonly before: number; readonly grant: () => void };

type Budget = { tokens: number; rate: number; updated: number; queue: Lease[]; cancel: () => void };

/** Creates an empty store. */
export function memoryRateStore(clock: Clock): MemoryRateStore {
  const records = new Map<string, SharedRecord>();
  const followers = new Map<string, Set<Follower>>();
  const budgets = tokenBudgets(clock);
  return {
    open: () => connectionTo({ records, followers, budgets }),
    record: (name) => records.get(name),
    given: budgets.given,
    clear: () => {
      records.clear();
      budgets.clear();
    },
  };
}

type Follower = (record: SharedRecord) => void;

type Stored = {
  readonly records: Map<string, SharedRecord>;
  readonly followers: Map<string, Set<Follower>>;
  readonly budgets: Budgets;
};

function connectionTo({ records, followers, budgets }: Stored): ReturnType<MemoryRateStore['open']> {
  const owner = {};
  const followed: (readonly [string, Follower])[] = [];
  return {
    offset: 0,
    replace: async (name, version, next) => {
      const there = records.get(name);
      if ((there?.version ?? 0) !== version) return there ?? 'gone';
      records.set(name, next);
      for (const changed of followers.get(name) ?? []) changed(next);
      return undefined;
    },
    follow: (name, changed) => {
      followers.set(name, (followers.get(name) ?? new Set()).add(changed));
      followed.push([name, changed]);
    },
    lease: (name, tokens, before) => new Promise((grant) => budgets.request(name, { owner, tokens, before, grant })),
    refill: async (name, rate, empty) => budgets.refill(name, rate, empty),
    close: () => {
      for (const [name, changed] of followed) followers.get(name)?.delete(changed);
      budgets.withdraw(owner);
    },
  };
}

type Budgets = {
  request(name: string, lease: Lease): void;
  refill(name: string, rate: number, empty: boolean): void;
  withdraw(owner: object): void;
  given(): number;
  clear(): void;
};

function tokenBudgets(clock: Clock): Budgets {
  const budgets = new Map<string, Budget>();
  let given = 0;
  const budgetOf = (name: string): Budget => {
    const budget = budgets.get(name) ?? { tokens: 0, rate: 0, updated: clock.now(), queue: [], cancel: () => {} };
    budgets.set(name, budget);
    return budget;
  };
  const serveNow = (budget: Budget): void => {
    given += serve(budget, clock, () => serveNow(budget));
  };
  return {
    request: (name, lease) => {
      const budget = budgetOf(name);
      budget.queue = [...budget.queue, lease].toSorted((one, other) => other.before - one.before);
      serveNow(budget);
    },
    refill: (name, rate, empty) => {
      const budget = budgetOf(name);
      refresh(budget, clock.now());
      budget.rate = rate;
      if (empty) budget.tokens = 0;
      serveNow(budget);
    },
    withdraw: (owner) => {
      for (const budget of budgets.values()) {
        budget.queue = budget.queue.filter((lease) => lease.owner !== owner);
        serveNow(budget);
      }
    },
    given: () => given,
    clear: () => {
      for (const { cancel } of budgets.values()) cancel();
      budgets.clear();
    },
  };
}

/** Grants the leases that the budget has tokens for, and has `again` called for the next one; returns the tokens. */
function serve(budget: Budget, clock: Clock, again: () => void): number {
  let given = 0;
  refresh(budget, clock.now());
  budget.cancel();
  let [next] = budget.queue;
  for (; next !== undefined && next.tokens <= budget.tokens; [next] = budget.queue) {
    budget.queue.shift();
    budget.tokens -= next.tokens;
    given += next.tokens;
    next.grant();
  }
  if (next === undefined || budget.rate === 0) return given;
  // At least 1 ms: an exact wait could end, by rounding, before the token is whole.
  const wait = Math.max(1, ((next.tokens - budget.tokens) / budget.rate) * 1000);
  budget.cancel = clock.timer(wait, again);
  return given;
}

/** Adds the tokens of the time since the last look. */
function refresh(budget: Budget, now: number): void {
  const most = 1 + budget.rate * SAVED;
  budget.tokens = Math.min(most, budget.tokens + ((now - budget.updated) / 1000) * budget.rate);
  budget.updated = now;
}
