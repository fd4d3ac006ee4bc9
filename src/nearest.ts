/** The candidate that takes the fewest typing errors to become `word`, and how many; undefined when there is no candidate. */
export function nearest(
  word: string,
  candidates: readonly string[],
): { readonly name: string; readonly distance: number } | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    const distance = typingErrors(word.toLowerCase(), name);
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  return best;
}

/** True when so few errors are likely to be a slip: up to two, and up to a third of a long word. */
export function isSlip(word: string, distance: number): boolean {
  return distance < word.length && distance <= Math.max(2, Math.floor(word.length / 3));
}

/** Characters left out, added, changed, or swapped with their neighbour (optimal string alignment distance). */
function typingErrors(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
