import type { Position } from '../errors.ts';
import { nearOf } from '../text/nearest.ts';
import type { YamlProblem } from './document.ts';
import type { YamlNode } from './node.ts';
import { isMergeKey, isNull, nameOf, readText } from './scalars.ts';
import { quote } from './source-text.ts';

/** Context of reading one file; problems are collected, never thrown. */
export type Reading = {
  readonly at: (offset: number) => Position;
  readonly refuse: (problem: YamlProblem) => void;
};

/** Reports a problem that makes the whole file unusable. */
export function invalidFile(reading: Reading, node: YamlNode, message: string, hint: string): void {
  reading.refuse({ message, hint, position: reading.at(node.offset) });
}

/** One key of a mapping with its value; `owner` is the mapping that contains it. */
export type Pair = { readonly key: YamlNode; readonly value: YamlNode; readonly owner: YamlNode };

/** Yields the pairs of a mapping in order, with the pairs merged by `<<` at its position, as in yaml.v2. */
export function* pairsOf(mapping: YamlNode, reading: Reading): Generator<Pair> {
  if (mapping.kind !== 'mapping') return;
  for (let index = 0; index + 1 < mapping.items.length; index += 2) {
    const key = mapping.items[index];
    const value = mapping.items[index + 1];
    if (key === undefined || value === undefined) continue;
    if (isMergeKey(key)) yield* mergedPairs(value, reading);
    else yield { key, value, owner: mapping };
  }
}

function* mergedPairs(value: YamlNode, reading: Reading): Generator<Pair> {
  // Of several mappings the first takes precedence: it is merged last.
  for (const source of value.kind === 'sequence' ? value.items.toReversed() : [value]) {
    if (source.kind === 'mapping') yield* pairsOf(source, reading);
    else invalidFile(reading, source, `"<<" merges a ${nameOf(source)}`, 'merge a mapping or a list of mappings');
  }
}

/** The known keys of a mapping, each with its values in order: several if mappings are merged. */
type Fields<Key extends string> = ReadonlyMap<Key, readonly YamlNode[]>;

/**
 * Reads a mapping with these keys. Reports unknown, misspelt and repeated keys, and a value that is not a mapping. Null
 * is a mapping without keys.
 */
export function readFields<Key extends string>(
  node: YamlNode,
  what: string,
  keys: readonly Key[],
  reading: Reading,
): Fields<Key> {
  const fields = new Map<Key, YamlNode[]>();
  if (isNull(node)) return fields;
  if (node.kind !== 'mapping') {
    invalidFile(
      reading,
      node,
      `${what} is a ${nameOf(node)}, not a mapping`,
      `write a mapping with the keys ${listed(keys)}`,
    );
    return fields;
  }
  const seen = new Map<YamlNode, Set<string>>();
  for (const { key, value, owner } of pairsOf(node, reading)) {
    const name = readText(key);
    const known = keys.find((candidate) => candidate === name);
    if (known === undefined) {
      const { message, hint } =
        typeof name === 'string'
          ? unknownKey(name, what, keys)
          : { message: `a key of ${what} ${name.reason}`, hint: `the keys are ${listed(keys)}` };
      invalidFile(reading, key, message, hint);
      continue;
    }
    const inOwner = seen.get(owner) ?? new Set();
    if (inOwner.has(known)) invalidFile(reading, key, `${what} has the key "${known}" twice`, 'keep one of them');
    else fields.set(known, [...(fields.get(known) ?? []), value]);
    seen.set(owner, inOwner.add(known));
  }
  return fields;
}

/** Returns the problem of an unknown key, with the keys that it resembles. */
export function unknownKey(name: string, what: string, keys: readonly string[]): Omit<YamlProblem, 'position'> {
  const meant = keysMeantBy(name, keys);
  return {
    message: `${what} has the unknown key ${quote(name)}`,
    hint: meant.length === 0 ? `the keys are ${listed(keys)}` : `write ${meant.map((one) => `"${one}"`).join(' or ')}`,
  };
}

/** All candidates are reported: in a policy one of them may require less than intended. */
function keysMeantBy(name: string, keys: readonly string[]): readonly string[] {
  const alike = keys.find((candidate) => simplified(candidate) === simplified(name));
  return alike === undefined ? nearOf(name, keys) : [alike];
}

function simplified(key: string): string {
  return key.toLowerCase().replace(/[-_\s]/g, '');
}

function listed(keys: readonly string[]): string {
  return keys.map((key) => `"${key}"`).join(', ');
}

/** Returns the items of a list; null is an empty one, anything else is reported. */
export function readList(node: YamlNode | undefined, what: string, reading: Reading): readonly YamlNode[] {
  if (node === undefined || isNull(node)) return [];
  if (node.kind === 'sequence') return node.items;
  invalidFile(
    reading,
    node,
    `${what} is a ${nameOf(node)}, not a list`,
    'put "-" before each entry, or write a list in brackets',
  );
  return [];
}

/** Returns the text of the last value of a field; undefined if the field is missing, empty for null. */
export function readTextField(
  values: readonly YamlNode[] | undefined,
  what: string,
  reading: Reading,
): string | undefined {
  const node = values?.at(-1);
  if (node === undefined) return undefined;
  const text = readText(node);
  if (typeof text === 'string') return text;
  invalidFile(reading, node, `${what} ${text.reason}`, 'write a text');
  return undefined;
}
