/**
 * Runs `work` on each item, at most `limit` at a time, and takes the next item only when one ends. A variable limit is
 * read again each time. After an error it takes no more items, and throws the first error when all running work has
 * ended.
 */
export async function eachOf<T>(
  items: Iterable<T>,
  limit: number | (() => number),
  work: (item: T) => Promise<void>,
): Promise<void> {
  const slots = typeof limit === 'number' ? (): number => limit : limit;
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const ended = Promise.withResolvers<void>();
  let running = 0;
  let exhausted = false;
  const take = (): void => {
    // At least one: otherwise no work would end and read the limit again.
    while (!exhausted && errors.length === 0 && running < Math.max(1, slots())) {
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
