import { RE2JS } from 're2js';

/** Returns true if the pattern matches the whole identity. */
type IdentityPattern = (identity: string) => boolean;

/** In characters: a dozen workflow addresses side by side. */
export const LONGEST_PATTERN = 1000;
/**
 * In characters after expanding repetitions. Matching takes time in proportion to this and to the identity's length.
 */
const MOST_STEPS = 1000;
/** In characters: certificates contain addresses, for which browsers and servers have this limit. */
export const LONGEST_IDENTITY = 2048;

/** Why a text is not a valid pattern, as a predicate, with a hint. */
export type WrongPattern = { readonly message: string; readonly hint: string };

/**
 * Compiles a Go regular expression that must match a whole identity or issuer; case-insensitive if `foldsCase` is set.
 * Matches in linear time.
 */
export function identityPattern(
  pattern: string,
  foldsCase = false,
): { readonly value: IdentityPattern } | WrongPattern {
  if (pattern.length > LONGEST_PATTERN || stepsOf(pattern) > MOST_STEPS)
    return {
      message: 'is too large a regular expression',
      hint: `write no more than ${LONGEST_PATTERN} characters, counting repetitions such as {100} as often`,
    };
  try {
    const compiled = RE2JS.compile(pattern, foldsCase ? RE2JS.CASE_INSENSITIVE : 0);
    return { value: (identity) => identity.length <= LONGEST_IDENTITY && compiled.matches(identity) };
  } catch {
    return { message: 'is not a regular expression of Go', hint: 'see https://github.com/google/re2/wiki/Syntax' };
  }
}

/** Returns the length of a pattern after expanding its counted repetitions; checked before it is compiled. */
function stepsOf(pattern: string): number {
  // the steps of each open group, outermost first, and those of the last item
  const groups = [0];
  let last = 0;
  const add = (steps: number): void => {
    last = steps;
    groups.push((groups.pop() ?? 0) + steps);
  };
  for (const [part, least, most] of pattern.matchAll(
    /\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]?|\{([0-9]+)(?:,([0-9]*))?\}|[^]/g,
  )) {
    if (part === '(') groups.push(0);
    else if (part === ')' && groups.length > 1) add((groups.pop() ?? 0) + 1);
    else if (least !== undefined) add(last * Math.max(0, Number(most || least) - 1));
    else add(1);
  }
  return groups.reduce((sum, steps) => sum + steps, 0);
}
