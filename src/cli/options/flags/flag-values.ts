import type { Flag } from './flag.ts';

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Parses a bool like Go's strconv.ParseBool; undefined if invalid. */
export function parseBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

// https://go.dev/ref/spec#Integer_literals: an underscore may follow a base prefix or separate digits
const INTEGER =
  /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]((?:_?[0-7])+)|0((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/;

/** Parses an integer like Go's strconv.ParseInt with base 0. Undefined if invalid, or too large to be exact here. */
export function parseInteger(text: string): number | undefined {
  const match = INTEGER.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, binary, octal, oldOctal, decimal] = match;
  const digits = (hex ?? binary ?? octal ?? oldOctal ?? decimal ?? '').replaceAll('_', '');
  const base = hex !== undefined ? 16 : binary !== undefined ? 2 : decimal !== undefined ? 10 : 8;
  const magnitude = Number.parseInt(digits, base);
  if (!Number.isSafeInteger(magnitude)) return undefined;
  return sign === '-' && magnitude !== 0 ? -magnitude : magnitude;
}

type Taking = Pick<Flag, 'type' | 'default' | 'choices' | 'min' | 'max' | 'example'>;

/**
 * Describes the valid values of a flag for hints: `yaml, csv or json`, `a whole number from -1 to 5, for example 4`.
 */
export function expectedBy({ type, choices, min, max, example, ...flag }: Taking): string {
  if (type === 'bool') return listOf(['true', 'false', ...(choices ?? [])]);
  if (choices !== undefined) return listOf(choices);
  if (type === 'string' || type === 'stringArray') return 'text';
  const what = type === 'int' ? 'a whole number' : 'a duration';
  const unit = type === 'int' ? '' : 'ms';
  const least = min === undefined ? '' : max === undefined ? `, ${min}${unit} or more` : ` from ${min} to ${max}`;
  return `${what}${least}, for example ${example ?? flag.default}`;
}

/** Returns why a number is out of range; undefined if it is valid. */
export function outOfRange({ min, max }: Taking, value: number): string | undefined {
  if (min !== undefined && value < min) return min === 1 ? 'is not positive' : `is less than ${min}`;
  return max !== undefined && value > max ? `is more than ${max}` : undefined;
}

/** Formats up to three words as a sentence part, more as a list. */
function listOf(words: readonly string[]): string {
  if (words.length > 3) return `one of ${words.join(', ')}`;
  return orList(words);
}

/** Joins choices for a sentence: `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}
