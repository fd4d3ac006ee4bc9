/** What all resolve to; the first error is thrown when all have ended, so that nothing goes on behind it. */
export async function allOf<T>(all: readonly (T | Promise<T>)[]): Promise<T[]> {
  const results = await Promise.allSettled(all);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
