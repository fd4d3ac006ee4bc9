import type { Position } from '../errors.ts';
import { parseTolerant, type SyntaxProblem } from './flow-indent.ts';
import { estimateNodes, MAX_NODES } from './node-estimate.ts';
import { sourceText } from './source-text.ts';
import type { YamlNode } from './node.ts';
import { buildTree } from './tree.ts';

/** A parsed file; `at` converts an offset of its nodes to a position in the original file. */
type YamlDocument = { readonly root: YamlNode; readonly at: (offset: number) => Position };

/** Why a file is not a single valid YAML document. */
export type YamlProblem = {
  readonly message: string;
  readonly hint: string;
  readonly position: Position;
  /** For a summary of further problems: their number. */
  readonly more?: number;
};

/** Parses a file with at most one YAML document in UTF-8, like `parseYaml`. */
export function openYaml(file: string, bytes: Uint8Array): YamlDocument | YamlProblem {
  try {
    return parseYaml(file, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const lossy = new TextDecoder('utf-8').decode(bytes);
    const position = sourceText(file, lossy).at(lossy.indexOf('\uFFFD'));
    return { message: 'the file is not UTF-8 text', hint: 'save it as UTF-8', position };
  }
}

/** Parses text with at most one YAML document; without one, the root is null. Never throws. */
export function parseYaml(file: string, content: string): YamlDocument | YamlProblem {
  const conflict = /^<{7} /m.exec(content);
  if (conflict !== null && /^>{7} /m.test(content)) {
    const position = sourceText(file, content).at(conflict.index);
    return { message: 'the file holds a merge conflict', hint: CONFLICT_HINT, position };
  }
  // no character counts for more than two: most files need not be looked at
  if (content.length * 2 >= MAX_NODES && estimateNodes(content, MAX_NODES) > MAX_NODES) {
    const message = `the file has more than ${MAX_NODES.toLocaleString('en-US')} entries`;
    return { message, hint: 'divide it into several files', position: { file, line: 1, column: 1 } };
  }
  const parsed = parseTolerant(content);
  const { at } = sourceText(file, parsed.text, parsed.padding);
  if ('reason' in parsed) {
    const message = `this is not valid YAML: ${parsed.reason}`;
    return { message, hint: syntaxHint(parsed), position: at(parsed.offset) };
  }
  const tree = buildTree(parsed.events, parsed.text);
  if ('kind' in tree) return { root: tree, at };
  return { message: tree.message, hint: tree.hint, position: at(tree.offset) };
}

const CONFLICT_HINT = 'resolve it, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>';

const SYNTAX_HINTS: readonly (readonly [word: string, hint: string])[] = [
  ['deficient indentation', 'indent this line further than the key that it belongs to'],
  ['bad indentation', 'give the keys of one mapping, and the "-" of one list, the same indentation'],
  ['quoted scalar', 'close the quotation mark'],
  ['missed comma', 'separate the entries with "," and close the list with "]"'],
  ['within a flow collection', 'close the list with "]" or the mapping with "}"'],
  ["expected ':'", 'write "key: value"'],
  ['multiline key', 'write "key: value" on one line'],
  ['nesting exceeded', 'no file of ours is nested so deeply'],
  ['null byte', 'save the file as UTF-8 text'],
  ['non-printable', 'save the file as UTF-8 text without control characters'],
  ['separator is expected', 'put everything into one list or mapping'],
];

function syntaxHint({ reason, offset, text }: SyntaxProblem): string {
  const lineStart = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  if (/^ *\t/.test(text.slice(lineStart, offset + 1))) return 'indent with spaces, not with tabs';
  const known = SYNTAX_HINTS.find(([word]) => reason.includes(word));
  return known?.[1] ?? 'correct the YAML at this place, or quote the text that is meant literally';
}
