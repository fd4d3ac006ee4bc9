import { invalidFile, pairsOf, type Pair, type Reading } from './fields.ts';
import type { YamlCollection, YamlNode, YamlScalar } from './node.ts';
import { readText } from './scalars.ts';

/** The path of a value from the root of a document, as in the issues of zod. */
export type Path = readonly PropertyKey[];

/** A document as plain values, with the nodes that these were read from. */
export type PlainTree = {
  readonly value: unknown;
  /** Returns the node at a path; undefined if there is none. */
  readonly nodeAt: (path: Path) => YamlNode | undefined;
  /** Returns the node of a key. */
  readonly keyOf: (mapping: YamlNode, key: string) => YamlNode | undefined;
  /** Returns the nodes from the root to a path. */
  readonly nodesAlong: (path: Path) => readonly YamlNode[];
  /** Returns the words for a value in messages. */
  readonly nameAt: (path: Path) => string;
};

type Mapping = ReadonlyMap<PropertyKey, Pair>;

/**
 * Converts a document; reports duplicate keys. An alias has the value of its anchor. A mapping under the key `apart` of
 * the root becomes an empty one.
 */
export function plainTree(root: YamlNode, what: string, reading: Reading, apart?: string): PlainTree {
  const mappings = new Map<YamlNode, Mapping>();
  const value = converter(root, reading, mappings, apart)(root, what);
  const nodesAlong = (path: Path): readonly YamlNode[] => {
    const nodes = [root];
    for (const step of path) {
      const node = nodes.at(-1) ?? root;
      const next = node.kind === 'sequence' ? node.items[Number(step)] : mappings.get(node)?.get(step)?.value;
      if (next === undefined) break;
      nodes.push(next);
    }
    return nodes;
  };
  return {
    value,
    nodesAlong,
    nodeAt: (path) => nodesAlong(path)[path.length],
    keyOf: (mapping, key) => mappings.get(mapping)?.get(key)?.key,
    nameAt: (path) => path.reduce<string>(nameIn, what),
  };
}

type Convert = (node: YamlNode, name: string) => unknown;

function converter(root: YamlNode, reading: Reading, mappings: Map<YamlNode, Mapping>, apart?: string): Convert {
  const values = new Map<YamlNode, unknown>();
  const convert: Convert = (node, name) => {
    if (node.kind === 'scalar') return scalarOf(node);
    if (!values.has(node)) values.set(node, node.kind === 'mapping' ? record(node, name) : list(node, name));
    return values.get(node);
  };
  const list = ({ items }: YamlCollection, name: string): unknown => {
    const entry = nameIn(name, 0);
    return items.map((item) => convert(item, entry));
  };
  const record = (node: YamlCollection, name: string): unknown => {
    const pairs = mappingOf(node, name, reading);
    mappings.set(node, pairs);
    const plain = [...pairs].map(([key, { value }]): readonly [PropertyKey, unknown] => {
      const isApart = node === root && key === apart && value.kind === 'mapping';
      return [key, isApart ? {} : convert(value, nameIn(name, key))];
    });
    return Object.fromEntries(plain);
  };
  return convert;
}

function nameIn(parent: string, step: PropertyKey): string {
  return typeof step === 'number' ? `an entry of ${parent}` : `"${String(step)}"`;
}

/** The last value counts if several merged mappings have the same key. */
function mappingOf(node: YamlCollection, what: string, reading: Reading): Mapping {
  const found = new Map<PropertyKey, Pair>();
  for (const pair of pairsOf(node, reading)) {
    const name = readText(pair.key);
    if (typeof name !== 'string') invalidFile(reading, pair.key, `a key of ${what} ${name.reason}`, 'write a text');
    else if (found.get(name)?.owner === pair.owner)
      invalidFile(reading, pair.key, `${what} has the key "${name}" twice`, 'keep one of them');
    else found.set(name, pair);
  }
  return found;
}

// Scalars that YAML 1.2 does not read as text: https://yaml.org/spec/1.2.2/#1032-tag-resolution
const NULL = /^(?:null|Null|NULL|~|)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
const LIKE_NUMBER = /^(?:[-+]?[0-9][0-9._e+-]*|0[ox][0-9a-fA-F]+)$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** Returns NaN, which no schema accepts, for an invalid tag and for a number in another form than decimal digits. */
function scalarOf(node: YamlScalar): unknown {
  const text = readText(node);
  if (typeof text !== 'string') return Number.NaN;
  if (!node.plain) return text;
  if (NULL.test(node.text)) return null;
  if (BOOLEAN.test(node.text)) return /^t/i.test(node.text);
  if (!LIKE_NUMBER.test(node.text) || DAY.test(node.text)) return text;
  return NUMBER.test(node.text) ? Number(node.text) : Number.NaN;
}
