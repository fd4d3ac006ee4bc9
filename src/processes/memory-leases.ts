import type { Clock } from '../clock.ts';
import type { Leases } from '../registry/attaching/leased-lock.ts';

/** Leases in the memory of one process, for all processes that it serves. */
export function memoryLeases(clock: Clock): Leases {
  const held = new Map<string, { readonly holder: string; readonly until: number }>();
  const holderOf = (name: string): string | undefined => {
    const lease = held.get(name);
    return lease !== undefined && clock.now() < lease.until ? lease.holder : undefined;
  };
  return {
    acquire: async (name, holder, ms) => {
      if (holderOf(name) !== undefined) return false;
      held.set(name, { holder, until: clock.now() + ms });
      return true;
    },
    renew: async (name, holder, ms) => {
      if (holderOf(name) === holder) held.set(name, { holder, until: clock.now() + ms });
    },
    release: async (name, holder) => {
      if (holderOf(name) === holder) held.delete(name);
    },
  };
}
