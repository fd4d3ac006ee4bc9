/** Maximum number of typing errors; with more, it is probably a different word. */
const MOST_ERRORS = 2;

/** Returns the nearest candidate that `word` may be a misspelling of; undefined if none is near enough. */
export function nearestOf(word: string, candidates: readonly string[], errors = MOST_ERRORS): string | undefined {
  return nearOf(word, candidates, errors)[0];
}

/** Returns all candidates that `word` may be a misspelling of, the nearest first. */
export function nearOf(word: string, candidates: readonly string[], errors = MOST_ERRORS): readonly string[] {
  // a short word with half of it changed is a different word: `sed` is not a misspelling of `sign`
  const most = Math.min(errors, Math.floor(word.length / 2));
  return candidates
    .filter((name) => Math.abs(name.length - word.length) <= most)
    .map((name) => ({ name, distance: typingErrors(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((one, other) => one.distance - other.distance)
    .map(({ name }) => name);
}

/** Counts omitted, added, changed and swapped characters (optimal string alignment distance). */
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
