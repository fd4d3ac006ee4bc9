import { EVENT_ID, getScalarValue, SCALAR_STYLE } from 'js-yaml';
import type { AliasEvent, Event, MappingEvent, ScalarEvent, SequenceEvent } from 'js-yaml';

import type { YamlCollection, YamlNode } from './node.ts';

/** Why events are not one tree, and the offset of the reason. */
type TreeProblem = { readonly message: string; readonly hint: string; readonly offset: number };

/**
 * Limit of the nodes that the aliases of one file represent, as in yaml.v2; a few lines of nested aliases can
 * otherwise ask for more nodes than fit into memory.
 */
const MAX_ALIASED_NODES = 400_000;

/** `size` counts the nodes of an anchored value, those of its aliases included; unknown until it is closed. */
type Anchor = { readonly node: YamlNode; size: number | undefined };
type Open = { readonly node: YamlCollection; readonly anchor: string | undefined; readonly sizeBefore: number };
type Tree = {
  readonly text: string;
  readonly anchors: Map<string, Anchor>;
  readonly open: Open[];
  root: YamlNode | undefined;
  documents: number;
  size: number;
  aliased: number;
  /** The end of the last value. */
  last: number;
  /** The first "-" after that: searched once for any number of empty entries. */
  dash: number;
};

/** Builds the tree of the one document of a file; a file without a document is null. */
export function buildTree(events: readonly Event[], text: string): YamlNode | TreeProblem {
  const tree: Tree = {
    text,
    anchors: new Map(),
    open: [],
    root: undefined,
    documents: 0,
    size: 0,
    aliased: 0,
    last: 0,
    dash: -1,
  };
  for (const event of events) {
    const problem = take(tree, event);
    if (problem !== undefined) return problem;
  }
  return tree.root ?? { kind: 'scalar', offset: 0, text: '', plain: true, tag: '' };
}

function take(tree: Tree, event: Event): TreeProblem | undefined {
  switch (event.type) {
    case EVENT_ID.DOCUMENT:
      tree.documents += 1;
      return tree.documents > 1 ? secondDocument(tree) : undefined;
    case EVENT_ID.SCALAR:
      addScalar(tree, event);
      return undefined;
    case EVENT_ID.ALIAS:
      return addAlias(tree, event);
    case EVENT_ID.POP:
      close(tree);
      return undefined;
    default:
      open(tree, event);
      return undefined;
  }
}

function add(tree: Tree, node: YamlNode): void {
  const parent = tree.open.at(-1);
  if (parent === undefined) tree.root ??= node;
  else parent.node.items.push(node);
}

function addScalar(tree: Tree, event: ScalarEvent): void {
  const { text } = tree;
  const isEmpty = event.valueStart < 0;
  const isQuoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  const node: YamlNode = {
    kind: 'scalar',
    offset: isEmpty ? placeOfNothing(tree) : event.valueStart - (isQuoted ? 1 : 0),
    text: getScalarValue(text, event),
    plain: event.style === SCALAR_STYLE.PLAIN,
    tag: event.tagStart < 0 ? '' : text.slice(event.tagStart, event.tagEnd),
  };
  if (!isEmpty) tree.last = event.valueEnd;
  tree.size += 1;
  const anchor = anchorOf(tree, event);
  if (anchor !== undefined) tree.anchors.set(anchor, { node, size: 1 });
  add(tree, node);
}

function open(tree: Tree, event: SequenceEvent | MappingEvent): void {
  const kind = event.type === EVENT_ID.MAPPING ? 'mapping' : 'sequence';
  const node: YamlCollection = { kind, offset: event.start, items: [] };
  const anchor = anchorOf(tree, event);
  if (anchor !== undefined) tree.anchors.set(anchor, { node, size: undefined });
  add(tree, node);
  tree.open.push({ node, anchor, sizeBefore: tree.size });
  tree.size += 1;
  tree.last = event.start + 1;
}

/** Also ends a document, when nothing is open. */
function close(tree: Tree): void {
  const closed = tree.open.pop();
  const anchor = closed?.anchor === undefined ? undefined : tree.anchors.get(closed.anchor);
  if (closed !== undefined && anchor?.node === closed.node) anchor.size = tree.size - closed.sizeBefore;
}

function addAlias(tree: Tree, event: AliasEvent): TreeProblem | undefined {
  const name = tree.text.slice(event.anchorStart, event.anchorEnd);
  const offset = event.anchorStart - 1;
  const anchor = tree.anchors.get(name);
  if (anchor === undefined) {
    return {
      message: `the alias *${name} names no anchor`,
      hint: 'put the anchor before the value, further up',
      offset,
    };
  }
  if (anchor.size === undefined) {
    return { message: `the anchor &${name} contains itself`, hint: 'write the value out', offset };
  }
  tree.size += anchor.size;
  tree.aliased += anchor.size;
  if (tree.aliased > MAX_ALIASED_NODES) {
    const message = `the aliases of this file represent more than ${MAX_ALIASED_NODES} nodes`;
    return { message, hint: 'write the values out', offset };
  }
  add(tree, anchor.node);
  tree.last = event.anchorEnd;
  return undefined;
}

function anchorOf({ text }: Tree, event: { anchorStart: number; anchorEnd: number }): string | undefined {
  return event.anchorStart < 0 ? undefined : text.slice(event.anchorStart, event.anchorEnd);
}

/** Returns the offset of an empty value, which is that of its key, or of an empty entry, which is that of its "-". */
function placeOfNothing(tree: Tree): number {
  const { open: parents, text, last } = tree;
  const parent = parents.at(-1)?.node;
  if (parent?.kind === 'sequence') {
    if (tree.dash < last) {
      const found = text.indexOf('-', last);
      tree.dash = found < 0 ? text.length : found;
    }
    return tree.dash === text.length ? last : tree.dash;
  }
  const key = parent !== undefined && parent.items.length % 2 === 1 ? parent.items.at(-1) : undefined;
  return key?.offset ?? last;
}

function secondDocument({ text, last }: Tree): TreeProblem {
  const separator = text.slice(last).search(/^(?:---|\.\.\.)/m);
  return {
    message: 'the file holds more than one YAML document',
    hint: 'keep one document and remove the "---" between them',
    offset: separator < 0 ? last : last + separator,
  };
}
