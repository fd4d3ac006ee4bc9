import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { singleFlight } from '../../async/single-flight.ts';

/** Something with the time, in milliseconds since the epoch, from which on it is of no use. */
export type Perishable<T> = { readonly value: T; readonly expires: number };

/** So long before it expires a credential is renewed: Google's metadata server has a new token from then on. */
const MARGIN = 300_000;

/**
 * Keeps what `get` gives for each key until shortly before it expires (for a short life: its last quarter), or until
 * the caller says that it was `refused`. It is asked for once by all who need it at the same time.
 */
export function kept<T>(
  clock: Clock,
  get: (key: string, signal: AbortSignal) => Promise<Perishable<T>>,
): (key: string, signal: AbortSignal, refused?: T) => Promise<T> {
  const known = new Map<string, { readonly value: T; readonly renew: number }>();
  const flight = singleFlight<T>();
  return async (key, signal, refused) => {
    const entry = known.get(key);
    const isRefused = refused !== undefined && entry?.value === refused;
    if (entry !== undefined && !isRefused && clock.now() < entry.renew) return entry.value;
    return flight(key, signal, async (shared) => {
      const { value: given, expires } = await get(key, shared);
      const now = clock.now();
      // The same thing once more stays the same object, so that whoever has tried it knows it.
      const value = entry !== undefined && isDeepStrictEqual(given, entry.value) ? entry.value : given;
      known.set(key, { value, renew: expires - Math.min(MARGIN, (expires - now) / 4) });
      return value;
    });
  };
}
