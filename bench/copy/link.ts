import { setTimeout as sleep } from 'node:timers/promises';

/** A network link that all connections of a server share. */
export type Link = {
  /** Counts bytes that were moved. Returns a promise that resolves when the link is free again; undefined if it is. */
  carry(bytes: number): Promise<void> | undefined;
};

/** A process that did not get the processor may make up for this much time, in milliseconds: a network card has buffers, too. */
const BURST_MS = 20;

/** Returns a link of this speed in Gbit/s; 0 means that the speed is not limited. */
export function linkOf(gbit: number): Link {
  if (gbit === 0) return { carry: () => undefined };
  const bytesPerMs = (gbit * 1e9) / 8 / 1000;
  let freeAt = performance.now();
  return {
    carry: (bytes) => {
      const now = performance.now();
      freeAt = Math.max(freeAt, now - BURST_MS) + bytes / bytesPerMs;
      // Timers of less than a millisecond do not exist.
      return freeAt - now < 1 ? undefined : sleep(freeAt - now);
    },
  };
}
