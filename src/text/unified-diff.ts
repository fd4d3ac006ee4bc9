/** Lines around a change, as `diff -u` and git show. */
const CONTEXT = 3;

type Edit = { readonly kind: ' ' | '-' | '+'; readonly text: string };

/**
 * Returns the difference of two texts in unified format, which `git apply` and `patch` read; empty if they are equal.
 * `name` is the path below the root of the repository.
 */
export function unifiedDiff(name: string, before: string, after: string): string {
  const edits = editsOf(linesOf(before), linesOf(after));
  const hunks = hunksOf(edits);
  if (hunks.length === 0) return '';
  return [`--- a/${name}\n`, `+++ b/${name}\n`, ...hunks].join('');
}

/** Splits a text into lines with their ends. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Returns the edits between common beginnings and ends, which are most of a file, and the greedy script for the rest. */
function editsOf(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const keep = (text: string): Edit => ({ kind: ' ', text });
  const [old, fresh] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  return [...before.slice(0, start).map(keep), ...shortest(old, fresh), ...before.slice(before.length - end).map(keep)];
}

/** Returns a shortest script (Myers, «An O(ND) Difference Algorithm and Its Variations»). */
function shortest(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const reached: (readonly number[])[] = [];
  const furthest: number[] = [];
  const at = (diagonal: number, from: readonly number[] = furthest): number => from[diagonal + size] ?? 0;
  const size = before.length + after.length + 1;
  for (let distance = 0; distance < size; distance++) {
    reached.push([...furthest]);
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      let x = isDown(diagonal, distance, at) ? at(diagonal + 1) : at(diagonal - 1) + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
      furthest[diagonal + size] = x;
      if (x >= before.length && x - diagonal >= after.length)
        return backtrack(before, after, reached, (one, from) => at(one, from));
    }
  }
  return [];
}

type At = (diagonal: number, from?: readonly number[]) => number;

function isDown(diagonal: number, distance: number, at: At, from?: readonly number[]): boolean {
  return diagonal === -distance || (diagonal !== distance && at(diagonal - 1, from) < at(diagonal + 1, from));
}

function backtrack(
  before: readonly string[],
  after: readonly string[],
  reached: readonly (readonly number[])[],
  at: At,
): readonly Edit[] {
  const edits: Edit[] = [];
  let [x, y] = [before.length, after.length];
  for (let distance = reached.length - 1; distance >= 0; distance--) {
    const from = reached[distance] ?? [];
    const diagonal = x - y;
    const isInsertion = isDown(diagonal, distance, at, from);
    const previous = isInsertion ? diagonal + 1 : diagonal - 1;
    const startX = distance === 0 ? 0 : at(previous, from);
    const startY = distance === 0 ? 0 : startX - previous;
    while (
      x > startX &&
      y > startY &&
      !(distance > 0 && x === startX + (isInsertion ? 0 : 1) && y === startY + (isInsertion ? 1 : 0))
    ) {
      x -= 1;
      y -= 1;
      edits.push({ kind: ' ', text: before[x] ?? '' });
    }
    if (distance === 0) break;
    edits.push(isInsertion ? { kind: '+', text: after[startY] ?? '' } : { kind: '-', text: before[startX] ?? '' });
    [x, y] = [startX, startY];
  }
  return edits.toReversed();
}

/** Writes the edits with the lines around them; changes that are near each other share a hunk. */
function hunksOf(edits: readonly Edit[]): readonly string[] {
  const changed = edits.flatMap(({ kind }, index) => (kind === ' ' ? [] : [index]));
  const hunks: string[] = [];
  for (let first = 0; first < changed.length;) {
    let last = first;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= 2 * CONTEXT + 1) last += 1;
    const [from, to] = [Math.max(0, (changed[first] ?? 0) - CONTEXT), (changed[last] ?? 0) + CONTEXT + 1];
    hunks.push(hunk(edits.slice(0, from), edits.slice(from, to)));
    first = last + 1;
  }
  return hunks;
}

function hunk(preceding: readonly Edit[], edits: readonly Edit[]): string {
  const range = (side: '-' | '+'): string => {
    const isThere = ({ kind }: Edit): boolean => kind === ' ' || kind === side;
    const [start, length] = [preceding.filter(isThere).length, edits.filter(isThere).length];
    return `${side}${length === 0 ? start : start + 1},${length}`;
  };
  const lines = edits.map(
    ({ kind, text }) => `${kind}${text}${text.endsWith('\n') ? '' : '\n\\ No newline at end of file\n'}`,
  );
  return `@@ ${range('-')} ${range('+')} @@\n${lines.join('')}`;
}
