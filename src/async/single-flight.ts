/** Runs the same work once for all concurrent callers. */
type SingleFlight<T> = (key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>) => Promise<T>;

type Flight<T> = { readonly result: Promise<T>; readonly controller: AbortController; waiters: number };

/**
 * Creates a single flight. A caller whose signal aborts returns at once. The work itself is aborted when the last
 * caller has left, so that one abort never fails another caller.
 */
export function singleFlight<T>(): SingleFlight<T> {
  const flights = new Map<string, Flight<T>>();
  const flightOf = (key: string, start: (signal: AbortSignal) => Promise<T>): Flight<T> => {
    const known = flights.get(key);
    if (known !== undefined) return known;
    const controller = new AbortController();
    const flight: Flight<T> = {
      controller,
      waiters: 0,
      result: start(controller.signal).finally(() => forget(key, flight)),
    };
    flights.set(key, flight);
    return flight;
  };
  const forget = (key: string, flight: Flight<T>): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  return (key, signal, start) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const flight = flightOf(key, start);
      flight.waiters += 1;
      const leave = (): void => {
        flight.waiters -= 1;
        reject(signal.reason as Error);
        if (flight.waiters > 0) return;
        forget(key, flight);
        flight.controller.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      const settled = (): void => signal.removeEventListener('abort', leave);
      flight.result.finally(settled).then(resolve, reject);
    });
}
