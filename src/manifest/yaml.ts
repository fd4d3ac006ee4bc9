import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event } from 'js-yaml';
import type { Position } from '../errors.ts';
import { parseTolerant, type SyntaxProblem } from './flow-indent.ts';
import { sourceText } from './source-text.ts';

/** A node of a YAML document with the offset at which it is written; an alias is the node that it names. */
export type YamlNode = YamlScalar | YamlCollection;
export type YamlScalar = {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly text: string;
  /** Neither quoted nor a block: may mean null or a boolean. */
  readonly plain: boolean;
  /** As written (`!!str`), empty for none. */
  readonly tag: string;
};
export type YamlCollection = {
  readonly kind: 'sequence' | 'mapping';
  readonly offset: number;
  /** Of a mapping: key, value, key, value. */
  readonly items: YamlNode[];
};

/** One parsed file; `at` tells where an offset of its nodes stands in the file as the user has it. */
export type YamlDocument = { readonly root: YamlNode; readonly at: (offset: number) => Position };

/** Why a file is no single YAML document. */
export type YamlProblem = { readonly message: string; readonly hint: string; readonly position: Position };

/**
 * How many nodes aliases may stand for in one file, as yaml.v2 limits them; a few lines of nested aliases can
 * otherwise ask for more nodes than fit into memory.
 */
const MAX_ALIASED_NODES = 400_000;

/** Parses text that holds at most one YAML document (none reads as null); never throws. */
export function parseYaml(file: string, content: string): YamlDocument | YamlProblem {
  const parsed = parseTolerant(content);
  const { at } = sourceText(file, parsed.text, parsed.padding);
  if ('reason' in parsed) return { message: `this is not valid YAML: ${parsed.reason}`, hint: syntaxHint(parsed), position: at(parsed.offset) };
  const tree = buildTree(parsed.events, parsed.text);
  return 'message' in tree ? { message: tree.message, hint: tree.hint, position: at(tree.offset) } : { root: tree, at };
}

const SYNTAX_HINTS: readonly (readonly [word: string, hint: string])[] = [
  ['deficient indentation', 'indent this line further than the key that it belongs to'],
  ['bad indentation', 'give the keys of one mapping, and the "-" of one list, the same indentation'],
  ['quoted scalar', 'close the quotation mark'],
  ['missed comma', 'separate the entries with "," and close the list with "]"'],
  ['within a flow collection', 'close the list with "]" or the mapping with "}"'],
  ["expected ':'", 'write "key: value"'],
  ['multiline key', 'write "key: value" on one line'],
  ['nesting exceeded', 'a manifest is five levels deep'],
  ['null byte', 'save the file as UTF-8 text'],
  ['non-printable', 'save the file as UTF-8 text without control characters'],
  ['separator is expected', 'put everything into one list or mapping'],
];

function syntaxHint({ reason, offset, text }: SyntaxProblem): string {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  if (/^ *\t/.test(text.slice(lineStart, offset + 1))) return 'indent with spaces, not with tabs';
  return SYNTAX_HINTS.find(([word]) => reason.includes(word))?.[1] ?? 'correct the YAML at this place, or quote the text that is meant literally';
}

type TreeProblem = { readonly message: string; readonly hint: string; readonly offset: number };
type Anchor = { readonly node: YamlNode; size: number | undefined };
type Open = { readonly node: YamlCollection; readonly anchor: string; readonly sizeBefore: number };

const NULL: Omit<YamlScalar, 'offset'> = { kind: 'scalar', text: '', plain: true, tag: '' };

function buildTree(events: readonly Event[], text: string): YamlNode | TreeProblem {
  const anchors = new Map<string, Anchor>();
  const open: Open[] = [];
  let root: YamlNode | undefined;
  let documents = 0;
  let size = 0; // nodes so far, each alias counted with all that it stands for
  let aliased = 0;
  let last = 0;

  const add = (node: YamlNode): void => {
    const parent = open.at(-1);
    if (parent === undefined) root ??= node;
    else parent.node.items.push(node);
  };

  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        documents += 1;
        if (documents > 1) return { message: 'the file holds more than one YAML document', hint: 'keep one document and remove the "---" between them', offset: separatorAfter(text, last) };
        break;
      case EVENT_ID.SCALAR: {
        if (event.valueStart >= 0) last = event.valueEnd;
        const node = scalarNode(event, text, event.valueStart < 0 ? placeOfNothing(open.at(-1)?.node, text, last) : event.valueStart);
        size += 1;
        if (event.anchorStart >= 0) anchors.set(text.slice(event.anchorStart, event.anchorEnd), { node, size: 1 });
        add(node);
        break;
      }
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        const node: YamlCollection = { kind: event.type === EVENT_ID.MAPPING ? 'mapping' : 'sequence', offset: event.start, items: [] };
        const anchor = event.anchorStart < 0 ? '' : text.slice(event.anchorStart, event.anchorEnd);
        if (anchor !== '') anchors.set(anchor, { node, size: undefined });
        add(node);
        open.push({ node, anchor, sizeBefore: size });
        size += 1;
        last = event.start + 1;
        break;
      }
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd);
        const anchor = anchors.get(name);
        const offset = event.anchorStart - 1;
        if (anchor === undefined) return { message: `the alias *${name} names no anchor`, hint: `put "&${name}" before the value that it stands for, further up`, offset };
        if (anchor.size === undefined) return { message: `the anchor &${name} contains itself`, hint: 'write the value out', offset };
        size += anchor.size;
        aliased += anchor.size;
        if (aliased > MAX_ALIASED_NODES) return { message: `the aliases of this file stand for more than ${MAX_ALIASED_NODES} nodes`, hint: 'write the values out', offset };
        add(anchor.node);
        last = event.anchorEnd;
        break;
      }
      default: {
        const closed = open.pop();
        const anchor = closed === undefined || closed.anchor === '' ? undefined : anchors.get(closed.anchor);
        if (anchor !== undefined && anchor.node === closed?.node) anchor.size = size - closed.sizeBefore;
      }
    }
  }
  return root ?? { ...NULL, offset: 0 };
}

function scalarNode(event: Extract<Event, { type: typeof EVENT_ID.SCALAR }>, text: string, start: number): YamlScalar {
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return {
    kind: 'scalar',
    offset: quoted ? start - 1 : start, // the text begins with its quotation mark
    text: getScalarValue(text, event),
    plain: event.style === SCALAR_STYLE.PLAIN,
    tag: event.tagStart < 0 ? '' : text.slice(event.tagStart, event.tagEnd),
  };
}

/** An empty value stands where its key does, an empty entry where its "-" does. */
function placeOfNothing(parent: YamlCollection | undefined, text: string, last: number): number {
  if (parent?.kind === 'mapping') return parent.items.length % 2 === 1 ? (parent.items.at(-1)?.offset ?? last) : last;
  return Math.max(last, parent === undefined ? 0 : text.indexOf('-', last));
}

function separatorAfter(text: string, offset: number): number {
  const found = text.slice(offset).search(/^(?:---|\.\.\.)/m);
  return found < 0 ? offset : offset + found;
}
