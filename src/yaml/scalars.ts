import { quote } from './source-text.ts';
import type { YamlNode, YamlScalar } from './node.ts';

/** Why a node cannot be read, as a predicate. */
type Unreadable = { readonly reason: string };

// Upstream reads with yaml.v2, whose rules for untagged scalars these are:
// https://github.com/go-yaml/yaml/blob/v2.4.0/resolve.go
const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']);
const FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);
const INTEGER = /^[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|0|[1-9][0-9]*)$/;
const FLOAT =
  /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const DATE = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt ]\s*[0-9]{1,2}:[0-9]{2}:[0-9]{2})/;

/** Which texts an explicit tag allows; texts under any other tag are taken as they are. */
const TAGGED: Readonly<Record<string, (text: string) => boolean>> = {
  null: (text) => NULLS.has(text),
  bool: (text) => TRUE.has(text) || FALSE.has(text),
  int: (text) => INTEGER.test(text.replaceAll('_', '')),
  float: (text) => INTEGER.test(text.replaceAll('_', '')) || FLOAT.test(text.replaceAll('_', '')),
  timestamp: (text) => DATE.test(text),
};

/** Returns true for null: an empty value, `~`, or `null`; not for a quoted text. */
export function isNull(node: YamlNode): boolean {
  if (node.kind !== 'scalar') return false;
  const tag = coreTag(node);
  return (tag === 'null' || (tag === '' && isUnquoted(node))) && NULLS.has(node.text);
}

/** Returns the text of a scalar as written (`1.10` stays `1.10`); the empty text for null. */
export function readText(node: YamlNode): string | Unreadable {
  if (node.kind !== 'scalar') return { reason: `is a ${nameOf(node)}, not a text` };
  const tag = coreTag(node);
  if (tag === 'binary') return decodeBinary(node.text);
  if (TAGGED[tag]?.(node.text) === false) return { reason: `(${quote(node.text)}) is not ${node.tag}` };
  return isNull(node) ? '' : node.text;
}

/** Returns the value of an unquoted YAML 1.1 boolean; false for null. */
export function readBoolean(node: YamlNode): boolean | Unreadable {
  if (isNull(node)) return false;
  if (node.kind !== 'scalar') return { reason: `is a ${nameOf(node)}, not true or false` };
  const tag = coreTag(node);
  if (tag === 'bool' || (tag === '' && isUnquoted(node))) {
    if (TRUE.has(node.text)) return true;
    if (FALSE.has(node.text)) return false;
  }
  return { reason: `is the text ${quote(node.text)}, not true or false` };
}

/** Returns true for the merge key: an unquoted `<<`. */
export function isMergeKey(node: YamlNode): boolean {
  if (node.kind !== 'scalar' || node.text !== '<<') return false;
  const tag = coreTag(node);
  return tag === 'merge' || (tag === '' && isUnquoted(node));
}

/** Returns the kind of a node for messages. */
export function nameOf(node: YamlNode): string {
  if (node.kind === 'sequence') return 'list';
  return node.kind === 'mapping' ? 'mapping' : isNull(node) ? 'null' : 'text';
}

/** `str` for `!!str` and its long form, the tag itself for any other, empty for none. */
function coreTag(node: YamlScalar): string {
  if (node.tag === '' || node.tag === '!') return '';
  return /^(?:!!|!<tag:yaml\.org,2002:)([a-z]+)>?$/.exec(node.tag)?.[1] ?? node.tag;
}

/** The tag `!` makes yaml.v2 read even a quoted text as if it stood there unquoted. */
function isUnquoted(node: YamlScalar): boolean {
  return node.plain || node.tag === '!';
}

function decodeBinary(text: string): string | Unreadable {
  const compact = text.replace(/[\r\n]/g, '');
  const valid = compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
  return valid ? Buffer.from(compact, 'base64').toString('utf8') : { reason: `(${quote(text)}) is not base64` };
}
