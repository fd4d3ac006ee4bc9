/**
 * Runs `work` on each item, at most `limit` at once, taking items only as places become free. The first error
 * stops the taking and is thrown when all that had begun has ended.
 */
export async function eachOf<T>(items: Iterable<T>, limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); errors.length === 0 && next.done !== true; next = iterator.next()) {
      try {
        await work(next.value);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (errors.length > 0) throw errors[0];
}
