import type { Position } from '../errors.ts';
import { invalidFile, readFields, readList, type Reading } from './fields.ts';
import type { YamlNode } from './node.ts';
import { isNull, nameOf, readText } from './scalars.ts';
import { quote } from './source-text.ts';

/** A part of a JSON schema (https://json-schema.org/draft/2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Context of reading a configuration; `problems` are those found so far. */
export type RuleReading = Reading & {
  readonly problems: { readonly length: number };
  /** Cost of the expressions in the file that take long to compile; counted by the rules that compile them. */
  readonly spent: { expressions: number };
};

/** The syntax of one value: a rule parses it and describes it to editors. */
export type Rule<T> = {
  readonly schema: JsonSchema;
  /** Returns the value; undefined after reporting a problem. `what` is the subject of its sentence. */
  readonly read: (node: YamlNode, what: string, reading: RuleReading) => T | undefined;
};

type ValueOf<R> = R extends Rule<infer T> ? T : never;
type Rules = Readonly<Record<string, Rule<unknown>>>;

/** The values of a mapping, and its position. */
export type Read<R extends Rules, Needed extends keyof R> = { readonly position: Position } & {
  readonly [K in Needed]: ValueOf<R[K]>;
} & { readonly [K in Exclude<keyof R, Needed>]?: ValueOf<R[K]> };

/** A problem of a value as a predicate, and a hint. */
export type Wrong = { readonly message: string; readonly hint: string };

/** Returns the rule with a description that editors show for the key. */
export function explained<T>(rule: Rule<T>, description: string): Rule<T> {
  return { ...rule, schema: { description, ...rule.schema } };
}

// Scalars that YAML 1.2 does not read as text: https://yaml.org/spec/1.2.2/#1032-tag-resolution
const NO_TEXT = /^(?:null|Null|NULL|~|true|True|TRUE|false|False|FALSE|[-+]?[0-9][0-9._e+-]*|0[ox][0-9a-fA-F]+|)$/;

/**
 * A text that `parse` understands; for any other it tells what is wrong. `pattern` is as much of that as editors can check,
 * `meant` says what to write where YAML reads a number or another word.
 */
export function text<T>(
  parse: (text: string) => { readonly value: T } | Wrong,
  pattern: string = '.',
  meant: (written: string) => string = () => 'a text, or leave the key out',
): Rule<T & ({} | undefined)> {
  return {
    schema: { type: 'string', pattern },
    read: (node, what, reading) => {
      const written = readText(node);
      if (typeof written !== 'string') return refuse(reading, node, `${what} ${written.reason}`, 'write a text');
      if (node.kind === 'scalar' && node.plain && NO_TEXT.test(node.text))
        return refuse(
          reading,
          node,
          `${what} is ${node.text === '' ? 'empty' : quote(node.text)}, not a text`,
          `write ${meant(node.text)}`,
        );
      const parsed = parse(written);
      if ('value' in parsed) return parsed.value as T & ({} | undefined);
      return refuse(reading, node, `${what} ${parsed.message}`, parsed.hint);
    },
  };
}

/** One of these words. */
export function choice<const W extends readonly string[]>(words: W): Rule<W[number]> {
  const hint = `write ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  const rule = text<W[number]>((written) =>
    words.includes(written) ? { value: written } : { message: `is ${quote(written)}, which it cannot be`, hint },
  );
  return { ...rule, schema: { enum: words } };
}

/** `true` or `false`, as YAML 1.2 spells them. */
export const bool: Rule<boolean> = {
  schema: { type: 'boolean' },
  read: (node, what, reading) => {
    const word = node.kind === 'scalar' && node.plain ? node.text : '';
    if (/^(?:true|True|TRUE)$/.test(word)) return true;
    if (/^(?:false|False|FALSE)$/.test(word)) return false;
    return refuse(reading, node, `${what} is ${shown(node)}, not true or false`, 'write true or false, without quotes');
  },
};

/** A number written with digits, from `least` on; whole unless `fraction` is true. */
export function number(least: number, fraction = false): Rule<number> {
  const kind = fraction ? 'number' : 'whole number';
  const form = fraction ? /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/ : /^(?:0|[1-9][0-9]*)$/;
  return {
    schema: { type: fraction ? 'number' : 'integer', minimum: least },
    read: (node, what, reading) => {
      const value = node.kind === 'scalar' && node.plain && form.test(node.text) ? Number(node.text) : Number.NaN;
      if (value >= least && value <= Number.MAX_SAFE_INTEGER) return value;
      return refuse(
        reading,
        node,
        `${what} is ${shown(node)}, not a ${kind} of at least ${least}`,
        `write a ${kind} of at least ${least}, without quotes`,
      );
    },
  };
}

/** One of these whole numbers. */
export function numberOf<const N extends readonly number[]>(numbers: N): Rule<N[number]> {
  const words = `${numbers.slice(0, -1).join(', ')} or ${numbers.at(-1)}`;
  return {
    schema: { enum: numbers },
    read: (node, what, reading) => {
      const found = numbers.find((one) => node.kind === 'scalar' && node.plain && node.text === String(one));
      if (found !== undefined) return found;
      return refuse(reading, node, `${what} is ${shown(node)}, not ${words}`, `write ${words}, without quotes`);
    },
  };
}

/** A value with its place. */
export type Placed<T> = { readonly value: T; readonly position: Position };

/** The same rule, which also tells where the value stands. */
export function placed<T>(rule: Rule<T>): Rule<Placed<T>> {
  return {
    schema: rule.schema,
    read: (node, what, reading) => {
      const value = rule.read(node, what, reading);
      return value === undefined ? undefined : { value, position: reading.at(node.offset) };
    },
  };
}

/** The same rule, for which null is as if the key were not there. */
export function nullable<T>(rule: Rule<T>): Rule<T | undefined> {
  return {
    schema: rule.schema,
    read: (node, what, reading) => (isNull(node) ? undefined : rule.read(node, what, reading)),
  };
}

/** Far more than people keep in one list; what is done with each stays bearable. */
const MOST_ENTRIES = 10_000;

/** A list of at most so many values of one kind; `entry` names one of them. */
export function list<T>(rule: Rule<T>, entry: string, most = MOST_ENTRIES): Rule<readonly T[]> {
  return {
    schema: { type: 'array', items: rule.schema, ...(Number.isFinite(most) && { maxItems: most }) },
    read: (node, what, reading) => {
      if (node.kind !== 'sequence' && readText(node) === '')
        return refuse(reading, node, `${what} is empty`, 'write a list, or leave the key out');
      const items = readList(node, what, reading);
      if (items.length > most)
        return refuse(reading, node, `${what} has ${items.length} entries`, `write at most ${most}`);
      return items.flatMap((item) => rule.read(item, entry, reading) ?? []);
    },
  };
}

/** A mapping with these keys, the `needed` ones among them; `check` finds what contradicts itself. */
export function mapping<R extends Rules, N extends keyof R & string>(
  keys: R,
  needed: readonly N[],
  check: (value: Read<R, N>) => Wrong | undefined = () => undefined,
): Rule<Read<R, N>> {
  const names = Object.keys(keys);
  const schemas = Object.fromEntries(names.map((name) => [name, keys[name]?.schema]));
  return {
    schema: { type: 'object', additionalProperties: false, required: needed, properties: schemas },
    read: (node, what, reading) => {
      const before = reading.problems.length;
      if (node.kind === 'scalar')
        return refuse(
          reading,
          node,
          `${what} is ${shown(node)}, not a mapping`,
          `write the keys ${names.join(', ')} below it`,
        );
      const fields = readFields(node, what, names, reading);
      const values = names.flatMap((name) => {
        const value = fields.get(name)?.at(-1);
        return value === undefined ? [] : [[name, keys[name]?.read(value, `"${name}"`, reading)]];
      });
      if (reading.problems.length > before) return undefined; // a misspelt key is no missing one
      const missing = needed.find((name) => !fields.has(name));
      if (missing !== undefined)
        return refuse(reading, node, `${what} has no "${missing}"`, `add the key "${missing}"`);
      // Every value was read by the rule of its own key, and the needed ones are there.
      const value = { ...Object.fromEntries(values), position: reading.at(node.offset) } as Read<R, N>;
      const wrong = check(value);
      return wrong === undefined ? value : refuse(reading, node, `${what} ${wrong.message}`, wrong.hint);
    },
  };
}

function refuse(reading: Reading, node: YamlNode, message: string, hint: string): undefined {
  invalidFile(reading, node, message, hint);
}

function shown(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${nameOf(node)}`;
  return node.plain && node.text === '' ? 'empty' : `${node.plain ? '' : 'the text '}${quote(node.text)}`;
}
