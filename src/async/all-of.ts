/**
 * Resolves to all results. Throws the first error after all promises have settled, so that no work continues in the
 * background.
 */
export async function allOf<T>(all: readonly (T | Promise<T>)[]): Promise<T[]> {
  const results = await Promise.allSettled(all);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
