/** With more typing errors than these a word is likely to be another word. */
const MOST_ERRORS = 2;

/** Returns the candidate that `word` is likely to be a slip of: the nearest, with at most so many typing errors. */
export function slipOf(word: string, candidates: readonly string[], errors = MOST_ERRORS): string | undefined {
  return slipsOf(word, candidates, errors)[0];
}

/** Returns all candidates that `word` may be a slip of, the nearest first: only people know which of several was meant. */
export function slipsOf(word: string, candidates: readonly string[], errors = MOST_ERRORS): readonly string[] {
  // half of a short word changed is another word: `sed` is not a slip of `sign`
  const most = Math.min(errors, Math.floor(word.length / 2));
  return candidates
    .filter((name) => Math.abs(name.length - word.length) <= most)
    .map((name) => ({ name, distance: typingErrors(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((one, other) => one.distance - other.distance)
    .map(({ name }) => name);
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
