import type { Position } from '../errors.ts';
import { nearOf } from '../text/nearest.ts';
import { few } from '../text/layout.ts';
import { openYaml } from '../yaml/document.ts';
import { pairsOf } from '../yaml/fields.ts';
import { fileError } from '../yaml/file-error.ts';
import type { YamlNode } from '../yaml/node.ts';
import { isNull, nameOf, readBoolean, readText } from '../yaml/scalars.ts';
import type { Finding, Reported } from './model.ts';

/** Reads a YAML file of another tool as that tool does, which ignores unknown keys; collects findings. */
export type ForeignReader = {
  readonly findings: Finding[];
  readonly at: (node: YamlNode) => Position;
  /** Returns the values of a mapping by key; an own key precedes a merged one. Null has none. */
  fields(node: YamlNode | undefined, what: string): ReadonlyMap<string, Field>;
  list(node: YamlNode | undefined, what: string): readonly YamlNode[];
  /** Returns a scalar as written: `3.10` stays `3.10`. */
  text(node: YamlNode | undefined, what: string): string | undefined;
  /** Returns the texts of a list. */
  texts(node: YamlNode | undefined, what: string): readonly string[];
  find(kind: Finding['kind'], node: YamlNode, message: string, hint: string): void;
  /** Reports the keys that have a row here, and unknown ones. */
  report(fields: ReadonlyMap<string, Field>, what: string, known: KnownKeys): void;
};

export type Field = { readonly key: YamlNode; readonly value: YamlNode };

/** The keys of a mapping: `used`, or how they are reported. */
export type KnownKeys = Readonly<Record<string, 'used' | Reported>>;

/** Opens a file. Throws CONFIG_INVALID if it is not one YAML document. */
export function openForeign(
  file: string,
  bytes: Uint8Array,
): { readonly root: YamlNode; readonly reader: ForeignReader } {
  const document = openYaml(file, bytes);
  if (!('root' in document)) throw fileError('CONFIG_INVALID', [document]);
  return { root: document.root, reader: readerOf((offset) => document.at(offset)) };
}

type Find = ForeignReader['find'];

function readerOf(atOffset: (offset: number) => Position): ForeignReader {
  const findings: Finding[] = [];
  const at = (node: YamlNode): Position => atOffset(node.offset);
  const find: Find = (kind, node, message, hint) => void findings.push({ kind, at: at(node), message, hint });
  const { text, list } = scalarsAndLists(find);
  return {
    findings,
    at,
    find,
    list,
    text,
    texts: (node, what) => list(node, what).flatMap((item) => text(item, `an entry of ${what}`) ?? []),
    fields: (node, what) => {
      if (node === undefined || isNull(node)) return new Map();
      if (node.kind !== 'mapping') wrong(find, node, what, 'a mapping');
      return fieldsOf(node, { at: atOffset, refuse: ({ message, hint }) => find('lost', node, message, hint) });
    },
    report: (fields, what, known) => {
      for (const [name, { key, value }] of fields) {
        const row = Object.hasOwn(known, name) ? known[name] : unknownKey(name, Object.keys(known));
        if (row === undefined || row === 'used') continue;
        if (row.off !== undefined && isOff(value, row.off)) continue;
        find(row.kind, key, `${what} has "${name}"`, row.hint);
      }
    },
  };
}

function scalarsAndLists(find: Find): Pick<ForeignReader, 'text' | 'list'> {
  return {
    text: (node, what) => {
      if (node === undefined) return undefined;
      const read = readText(node);
      if (typeof read === 'string') return read;
      find('lost', node, `${what} ${read.reason}`, CORRECT);
      return undefined;
    },
    list: (node, what) => {
      if (node === undefined || isNull(node)) return [];
      if (node.kind === 'sequence') return node.items;
      wrong(find, node, what, 'a list');
      return [];
    },
  };
}

const CORRECT = 'correct the file, and import it again';

function wrong(find: Find, node: YamlNode, what: string, expected: string): void {
  find('lost', node, `${what} is a ${nameOf(node)}, not ${expected}`, CORRECT);
}

/** Returns true for the value that is as good as no setting: also an empty list, null, and `no` for `false`. */
function isOff(value: YamlNode, off: string): boolean {
  if (value.kind !== 'scalar') return off === '' && value.items.length === 0;
  return value.text === off || isNull(value) || (off === 'false' && readBoolean(value) === false);
}

/** A key of the mapping itself precedes a merged one, in any order, and of two the last counts. */
function fieldsOf(mapping: YamlNode, reading: Parameters<typeof pairsOf>[1]): ReadonlyMap<string, Field> {
  const found = new Map<string, Field & { readonly isOwn: boolean }>();
  for (const { key, value, owner } of pairsOf(mapping, reading)) {
    const name = readText(key);
    const isOwn = owner === mapping;
    if (typeof name === 'string' && (isOwn || found.get(name)?.isOwn !== true)) found.set(name, { key, value, isOwn });
  }
  return found;
}

function unknownKey(name: string, known: readonly string[]): Reported | undefined {
  // the usual place for anchors
  if (name.startsWith('x-')) return undefined;
  const near = nearOf(name, known);
  const meant = near.length === 0 ? '' : `; did you mean ${few(near)}?`;
  return { kind: 'note', hint: `the key is unknown, and ignored there, too${meant}` };
}
