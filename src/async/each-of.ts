/**
 * Runs `work` on each item, at most `limit` at once, taking items only as places become free. A limit that changes
 * is asked for each time that one ends. The first error stops the taking and is thrown when all that had begun has ended.
 */
export async function eachOf<T>(
  items: Iterable<T>,
  limit: number | (() => number),
  work: (item: T) => Promise<void>,
): Promise<void> {
  const places = typeof limit === 'number' ? (): number => limit : limit;
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  let running = 0;
  let exhausted = false;
  const take = (): void => {
    // One place at the least: with none, nothing would ever end and ask again.
    while (!exhausted && errors.length === 0 && running < Math.max(1, places())) {
      const next = iterator.next();
      exhausted = next.done === true;
      if (next.done === true) break;
      running += 1;
      void run(next.value);
    }
    if (running === 0) ended.resolve();
  };
  const run = async (item: T): Promise<void> => {
    try {
      await work(item);
    } catch (error) {
      errors.push(error);
    }
    running -= 1;
    take();
  };
  take();
  await ended.promise;
  if (errors.length > 0) throw errors[0];
}
