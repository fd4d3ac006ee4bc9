import { RE2JS } from 're2js';

/** Whether an identity as a whole is what a pattern describes. */
export type IdentityPattern = (identity: string) => boolean;

/** In characters: a dozen addresses of workflows side by side. */
const LONGEST_PATTERN = 1000;
/** In characters and repetitions of them. Matching takes time in proportion to this and to the identity. */
const MOST_STEPS = 1000;
/** In characters: certificates name addresses, of which browsers and servers take no more than this. */
const LONGEST_IDENTITY = 2048;

/** Why a text is no pattern, as half a sentence, and what would be right. */
export type WrongPattern = { readonly message: string; readonly hint: string };

/**
 * Compiles one of Go's regular expressions, which must match the whole of an identity, or of its issuer; in any case if it
 * folds the case. It matches in linear time.
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
    return { message: "is no regular expression of Go's", hint: 'see https://github.com/google/re2/wiki/Syntax' };
  }
}

/** How many characters a pattern has once its counted repetitions are written out; before it is compiled, which does so. */
function stepsOf(pattern: string): number {
  // the steps of each open group, outermost first, and of what was read last
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
