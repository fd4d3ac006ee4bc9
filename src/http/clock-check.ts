import type { Clock } from '../clock.ts';
import { httpDate } from '../ratelimit/retry-after.ts';
import { header, type Fetch, type HttpResponse } from './fetch.ts';

/** Servers with synchronized clocks differ by less than a second; slow responses and retries take some minutes. */
const TOLERANCE = 15 * 60_000;

/** Compares this machine's clock with those of servers. */
export type ClockCheck = {
  /** Returns the function with each response compared. */
  watching(fetch: Fetch): Fetch;
  /** Returns true if most origins showed a time that differs by more than 15 minutes. False if none showed any. */
  isWrong(): boolean;
};

/** Creates a check that has seen no response. */
export function clockCheck(clock: Pick<Clock, 'now'>): ClockCheck {
  // The smallest difference by origin: a cached response has an old date.
  const differences = new Map<string, number>();
  const compare = (response: HttpResponse): void => {
    const { origin } = response.url;
    const known = differences.get(origin) ?? Number.POSITIVE_INFINITY;
    if (known <= TOLERANCE) return;
    const date = httpDate(header(response, 'date') ?? '');
    if (date === undefined) return;
    // RFC 9111 §5.1: seconds since a cache got the response
    const age = Number(header(response, 'age') ?? 0) * 1000;
    differences.set(origin, Math.min(known, Math.abs(date + (age > 0 ? age : 0) - clock.now())));
  };
  return {
    watching: (fetch) => async (request) => {
      const response = await fetch(request);
      compare(response);
      return response;
    },
    isWrong: () => [...differences.values()].filter((one) => one > TOLERANCE).length * 2 > differences.size,
  };
}
