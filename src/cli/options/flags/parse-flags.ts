import { parseDuration } from '../../../text/go-duration.ts';
import { expectedBy, outOfRange, parseBool, parseInteger } from './flag-values.ts';
import { goQuote } from '../../../text/go-quote.ts';
import type { Flag, FlagType } from './flag.ts';
import { unknownFlag, usage } from '../../unknown.ts';

type ValueOf<T extends FlagType> = {
  string: string;
  int: number;
  bool: boolean;
  stringArray: readonly string[];
  duration: number;
}[T];
type FlagValue = ValueOf<FlagType>;

/** The type of a flag's value: its choices and its default; for a bool also true and false. */
type ValueOfFlag<F extends Flag> = F extends { choices: readonly (infer Choice extends string)[] }
  ? F['type'] extends 'stringArray'
    ? readonly Choice[]
    : F['type'] extends 'bool'
      ? Choice | boolean
      : Choice | F['default']
  : ValueOf<F['type']>;

/** The value of every flag by name, with defaults; durations in milliseconds. */
export type FlagValues<F extends readonly Flag[]> = { readonly [K in F[number] as K['name']]: ValueOfFlag<K> };

/** A parsed command line. */
export type ParsedFlags<F extends readonly Flag[]> = {
  readonly values: FlagValues<F>;
  /** The names of the flags on the command line. */
  readonly given: ReadonlySet<string>;
  readonly positional: readonly string[];
};

type Parser = {
  readonly flags: readonly Flag[];
  readonly values: Map<string, FlagValue>;
  readonly given: Set<string>;
  readonly queue: string[];
};

/**
 * Parses arguments exactly like Go's pflag: `--flag=value`, `--flag value`, `-f value`, `-fvalue`, grouped shorthands,
 * `--` before positional arguments. A repeated flag overrides, or adds to an array. Throws USAGE.
 */
export function parseFlags<const F extends readonly Flag[]>(flags: F, argv: readonly string[]): ParsedFlags<F> {
  const parser: Parser = { flags, values: defaults(flags), given: new Set(), queue: [...argv] };
  const positional: string[] = [];
  for (let word = parser.queue.shift(); word !== undefined; word = parser.queue.shift()) {
    if (word === '--') {
      positional.push(...parser.queue);
      break;
    }
    if (word.startsWith('--')) readLong(parser, word);
    else if (word.startsWith('-') && word !== '-') readShorthands(parser, word);
    else positional.push(word);
  }
  // every flag has a default of its own type, so the map has one value of the right type for each name
  const values = Object.fromEntries(parser.values) as FlagValues<F>;
  return { values, given: parser.given, positional };
}

function defaults(flags: readonly Flag[]): Map<string, FlagValue> {
  return new Map(
    flags.map((flag) => [flag.name, flag.type === 'stringArray' ? [] : read(flag, flag.default, `--${flag.name}`)]),
  );
}

function readLong(parser: Parser, word: string): void {
  const text = word.slice(2);
  if (/^[-=]/.test(text)) throw usage(`bad flag syntax: ${word}`, 'a flag is two dashes and its name');
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const flag = parser.flags.find((candidate) => candidate.name === name);
  if (flag === undefined) throw unknownFlag(name, parser.flags);
  if (equals >= 0) return set(parser, flag, text.slice(equals + 1));
  if (flag.type === 'bool') return set(parser, flag, 'true');
  // like pflag, takes the next word as the value even if it looks like a flag
  const value = parser.queue.shift();
  if (value === undefined) throw usage(`flag needs an argument: --${name}`, `write --${name}=${flag.value ?? 'VALUE'}`);
  set(parser, flag, value);
}

function readShorthands(parser: Parser, word: string): void {
  for (let index = 1; index < word.length; index++) {
    const letter = word.charAt(index);
    const flag = parser.flags.find(({ short }) => short === letter);
    if (flag === undefined) throw unknownShorthand(parser, letter, word);
    const rest = word.slice(index + 1);
    if (rest.length > 1 && rest.startsWith('=')) return set(parser, flag, rest.slice(1));
    if (flag.type === 'bool') {
      set(parser, flag, 'true');
      continue;
    }
    const value = rest === '' ? parser.queue.shift() : rest;
    if (value === undefined)
      throw usage(`flag needs an argument: '${letter}' in ${word}`, `write -${letter} ${flag.value ?? 'VALUE'}`);
    return set(parser, flag, value);
  }
}

function unknownShorthand({ flags }: Parser, letter: string, word: string): Error {
  const name = word.slice(1).split('=')[0];
  const long = flags.find((flag) => flag.name === name);
  const hint = long === undefined ? '--help=all lists all flags' : `did you mean --${long.name}?`;
  return usage(`unknown shorthand flag: '${letter}' in ${word}`, hint);
}

function set(parser: Parser, flag: Flag, text: string): void {
  const value = read(flag, text, flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`);
  const before = parser.values.get(flag.name);
  const isArray = flag.type === 'stringArray';
  parser.values.set(flag.name, isArray ? [...(before as readonly string[]), ...(value as readonly string[])] : value);
  parser.given.add(flag.name);
}

const READERS: { readonly [T in FlagType]: (text: string) => ValueOf<T> | undefined } = {
  string: (text) => text,
  stringArray: (text) => [text],
  bool: parseBool,
  int: parseInteger,
  duration: parseDuration,
};

/** Parses a value; returns choices in their listed form. Throws USAGE for an invalid value. */
function read(flag: Flag, text: string, shown: string): FlagValue {
  const choice = flag.choices?.find((one) => one === text.toLowerCase());
  if (flag.type === 'bool' && choice !== undefined) return choice;
  const value = READERS[flag.type](choice ?? text);
  const isOther = flag.choices !== undefined && flag.type !== 'bool' && choice === undefined && text !== flag.default;
  if (value === undefined || isOther) {
    const { refusal } = flag;
    const message =
      refusal === undefined
        ? `invalid argument ${goQuote(text)} for ${goQuote(shown)} flag`
        : `${refusal}${goQuote(text)}`;
    throw usage(message, `write ${expectedBy(flag)}`);
  }
  const problem = typeof value === 'number' ? outOfRange(flag, value) : undefined;
  if (problem !== undefined) throw usage(`--${flag.name}=${text} ${problem}`, `write ${expectedBy(flag)}`);
  return value;
}
