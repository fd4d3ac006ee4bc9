import type { Clock } from '../../src/clock.ts';
import { memoryRateStore as storeWithoutLatency } from '../../src/processes/memory-rate-store.ts';
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

/** Creates an empty store, as far away as a server in the same network. */
export function memoryRateStore(clock: Clock): MemoryRateStore {
  const store = storeWithoutLatency(clock);
  const connections = new Set<() => void>();
  const open = (): RateStore => {
    const { promise: lost, resolve } = Promise.withResolvers<string>();
    const one = store.open();
    connections.add(() => {
      one.close();
      resolve('it was taken away');
    });
    return {
      ...one,
      lost,
      replace: async (...args) => {
        await clock.wait(LATENCY);
        return one.replace(...args);
      },
      follow: (name, changed) => one.follow(name, (record) => void clock.timer(LATENCY, () => changed(record))),
      refill: async (...args) => {
        await clock.wait(LATENCY);
        return one.refill(...args);
      },
    };
  };
  return {
    open,
    record: store.record,
    given: store.given,
    lose: () => {
      store.clear();
      for (const lose of connections) lose();
      connections.clear();
    },
  };
}
