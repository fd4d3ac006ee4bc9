import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { singleFlight } from '../../async/single-flight.ts';

/** A value with its expiry time, in milliseconds since the epoch. */
export type Expiring<T> = { readonly value: T; readonly expires: number };

/**
 * A credential is renewed 5 min before it expires: from then on Google's metadata server returns a new token. In
 * milliseconds.
 */
const MARGIN = 300_000;

/**
 * Caches the result of `get` for each key until shortly before it expires, or until the caller passes it as `refused`.
 * A short-lived value is renewed after three quarters of its life. Concurrent callers share one call of `get`.
 */
export function expiringCache<T>(
  clock: Clock,
  get: (key: string, signal: AbortSignal) => Promise<Expiring<T>>,
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
      // An equal value stays the same object, so that callers recognize one that they have tried.
      const value = entry !== undefined && isDeepStrictEqual(given, entry.value) ? entry.value : given;
      known.set(key, { value, renew: expires - Math.min(MARGIN, (expires - now) / 4) });
      return value;
    });
  };
}
