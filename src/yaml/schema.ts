import { z } from 'zod';
import type { Position } from '../errors.ts';
import type { YamlProblem } from './document.ts';
import { unknownKey, type Reading } from './fields.ts';
import type { YamlNode } from './node.ts';
import { plainTree, type Path, type PlainTree } from './plain-tree.ts';
import { MOST_PROBLEMS } from './problem-list.ts';
import { nameOf, readText } from './scalars.ts';
import type { Wrong } from './schema-parts.ts';
import { quote } from './source-text.ts';

/** A value that a schema accepted, with the positions and nodes of its parts. */
export type Located<T> = {
  readonly value: T;
  /** Returns the position of a part; that of the whole value if the part is missing. */
  readonly at: (...path: Path) => Position;
  readonly nodeAt: (...path: Path) => YamlNode | undefined;
};

/** A problem whose words are made only if it is reported: a hostile file has hundreds of thousands. */
type Found = { readonly position: Position; readonly words: () => Wrong };

/**
 * Reads a node with a schema of `schema-parts.ts`. Returns undefined after reporting all problems in the order of the
 * file. `what` names the node in messages. A mapping under the key `apart` is read as if it were empty.
 */
export function readAs<S extends z.ZodType>(
  schema: S,
  root: YamlNode,
  what: string,
  { at, refuse }: Reading,
  apart?: string,
): Located<z.output<S>> | undefined {
  const found: Found[] = [];
  const tree = plainTree(
    root,
    what,
    {
      at,
      refuse: ({ position, ...words }) => void found.push({ position, words: () => words }),
    },
    apart,
  );
  const parsed = schema.safeParse(tree.value, { error: ({ inst }) => keysOf(inst) });
  if (!parsed.success)
    for (const { node, words } of described(parsed.error.issues, tree))
      found.push({ position: at(node.offset), words });
  report(found.toSorted(byPlace), refuse);
  if (!parsed.success || found.length > 0) return undefined;
  const nodeAt = (...path: Path): YamlNode | undefined => tree.nodeAt(path);
  return { value: parsed.data, nodeAt, at: (...path) => at((nodeAt(...path) ?? root).offset) };
}

function byPlace({ position: one }: Found, { position: other }: Found): number {
  return one.line - other.line || one.column - other.column;
}

/** Reports all that a list of problems keeps, and the number of the others. */
function report(found: readonly Found[], refuse: (problem: YamlProblem) => void): void {
  for (const [index, { position, words }] of found.slice(0, MOST_PROBLEMS + 1).entries())
    refuse({ ...words(), position, ...(index === MOST_PROBLEMS && { more: found.length - MOST_PROBLEMS }) });
}

/** Returns the keys of a mapping: the message of an unknown key, and of a value that is not a mapping. */
function keysOf(schema: unknown): string | undefined {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).join(' ') : undefined;
}

type Described = { readonly node: YamlNode; readonly words: () => Wrong };

function* described(issues: readonly z.core.$ZodIssue[], tree: PlainTree): Generator<Described> {
  const faulty = new Set<YamlNode>();
  const missing: z.core.$ZodIssue[] = [];
  for (const issue of issues) {
    const nodes = tree.nodesAlong(issue.path);
    const node = nodes[issue.path.length];
    if (node === undefined) {
      missing.push(issue);
      continue;
    }
    for (const one of nodes) faulty.add(one);
    if (issue.code !== 'unrecognized_keys') yield { node, words: () => wordsFor(issue, node, tree.nameAt(issue.path)) };
    else
      for (const key of issue.keys)
        yield {
          node: tree.keyOf(node, key) ?? node,
          words: () => unknownKey(key, tree.nameAt(issue.path), issue.message.split(' ')),
        };
  }
  // a misspelt key is not missing: only the first missing key of a mapping without other problems is reported
  for (const { path } of missing) {
    const parent = path.slice(0, -1);
    const node = tree.nodeAt(parent);
    if (node === undefined || faulty.has(node)) continue;
    faulty.add(node);
    const key = String(path.at(-1));
    yield { node, words: () => ({ message: `${tree.nameAt(parent)} has no "${key}"`, hint: `add the key "${key}"` }) };
  }
}

function wordsFor({ message }: z.core.$ZodIssue, node: YamlNode, what: string): Wrong {
  const text = node.kind === 'scalar' ? readText(node) : '';
  if (typeof text !== 'string') return { message: `${what} ${text.reason}`, hint: 'write a text' };
  const [problem = '', hint] = message.split('\n');
  if (hint !== undefined)
    return { message: `${what} ${problem.replace(/^(?=not )/, () => `is ${shown(node)}, `)}`, hint };
  const keys = problem.split(' ').join(', ');
  return { message: `${what} is ${shown(node)}, not a mapping`, hint: `write a mapping with the keys ${keys}` };
}

function shown(node: YamlNode): string {
  if (node.kind !== 'scalar') return `a ${nameOf(node)}`;
  return node.plain && node.text === '' ? 'empty' : `${node.plain ? '' : 'the text '}${quote(node.text)}`;
}
