import { LONGEST_IDENTITY, LONGEST_PATTERN, type WrongPattern } from './identity-pattern.ts';

/** Returns true if the pattern matches the whole name. */
export type PathPattern = (name: string) => boolean;

/** One step of a pattern: any run without `/`, or one character. */
type Step = '*' | ((character: string) => boolean);

/**
 * Compiles a pattern of Go's path.Match (https://pkg.go.dev/path#Match): `*` is any run without `/`, `?` any character
 * but `/`, `[a-z]` and `[^a-z]` one of a class, and `\` takes the next character literally. It matches in bounded time.
 */
export function pathPattern(pattern: string): { readonly value: PathPattern } | WrongPattern {
  if (pattern.length > LONGEST_PATTERN)
    return { message: 'is too long a pattern', hint: `write no more than ${LONGEST_PATTERN} characters` };
  const steps = stepsOf(Array.from(pattern));
  if (steps === undefined)
    return {
      message: "is not a pattern of Go's path.Match",
      hint: 'close each "[", name at least one character in it, and write a character behind "\\"',
    };
  return { value: (name) => name.length <= LONGEST_IDENTITY && matches(steps, Array.from(name)) };
}

function stepsOf(pattern: readonly string[]): readonly Step[] | undefined {
  const steps: Step[] = [];
  let index = 0;
  while (index < pattern.length) {
    const character = pattern[index];
    if (character === '[') {
      const found = classFrom(pattern, index + 1);
      if (found === undefined) return undefined;
      steps.push(found.step);
      index = found.end;
      continue;
    }
    if (character === '*') steps.push('*');
    else if (character === '?') steps.push((one) => one !== '/');
    else {
      if (character === '\\') index++;
      const literal = pattern[index];
      if (literal === undefined) return undefined;
      steps.push((one) => one === literal);
    }
    index++;
  }
  return steps;
}

type Class = { readonly step: Step; readonly end: number };

/** Parses a class from after its `[`; returns undefined if it is invalid in Go. */
function classFrom(pattern: readonly string[], start: number): Class | undefined {
  const isNegated = pattern[start] === '^';
  const ranges: (readonly [low: number, high: number])[] = [];
  let index = isNegated ? start + 1 : start;
  while (pattern[index] !== ']' || ranges.length === 0) {
    const low = boundFrom(pattern, index);
    if (low === undefined) return undefined;
    const high = pattern[low.end] === '-' ? boundFrom(pattern, low.end + 1) : low;
    if (high === undefined) return undefined;
    ranges.push([low.code, high.code]);
    index = high.end;
  }
  const isIn = (code: number): boolean => ranges.some(([low, high]) => low <= code && code <= high);
  return { step: (one) => isIn(one.codePointAt(0) ?? 0) !== isNegated, end: index + 1 };
}

/** Parses one character of a class, which must not be the last of the pattern. */
function boundFrom(
  pattern: readonly string[],
  start: number,
): { readonly code: number; readonly end: number } | undefined {
  const first = pattern[start];
  if (first === '-' || first === ']') return undefined;
  const at = first === '\\' ? start + 1 : start;
  const code = pattern[at]?.codePointAt(0);
  return code === undefined || at + 1 >= pattern.length ? undefined : { code, end: at + 1 };
}

/** Only the last `*` is retried: none crosses a `/`, so that earlier ones never need another position. */
function matches(steps: readonly Step[], name: readonly string[]): boolean {
  let [step, at] = [0, 0];
  let retry: { readonly step: number; at: number } | undefined;
  while (step < steps.length || at < name.length) {
    const wanted = steps[step];
    const character = name[at];
    if (wanted === '*') {
      retry = { step: step + 1, at };
      step++;
    } else if (wanted !== undefined && character !== undefined && wanted(character)) {
      step++;
      at++;
    } else {
      if (retry === undefined || retry.at >= name.length || name[retry.at] === '/') return false;
      retry.at++;
      step = retry.step;
      at = retry.at;
    }
  }
  return true;
}
