// `push(...items)` and `Math.max(...items)` pass each item as an argument, and V8 throws a RangeError for some 120,000 of
// them. Lists that others write are longer.

/** Appends all items, for lists of any length. */
export function addAll<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

/** Returns the largest of these numbers; -Infinity for none. */
export function largest(numbers: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const number of numbers) if (!(number <= found)) found = number;
  return found;
}

/** Returns the smallest of these numbers; Infinity for none. */
export function smallest(numbers: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (!(number >= found)) found = number;
  return found;
}
