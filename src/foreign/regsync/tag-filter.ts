import type { YamlNode } from '../../yaml/node.ts';
import { goPattern } from '../go-pattern.ts';
import type { Field, ForeignReader } from '../reader.ts';
import { regclientRange } from '../versions/regclient-range.ts';

/** Returns whether a name is selected; undefined if a pattern of the file is invalid, after reporting it. */
type Filter = ((name: string) => boolean) | undefined;

/** Reads `tagSets` and `tags`: a tag that any set selects is copied; without a set, each is. */
export function tagFilter(fields: ReadonlyMap<string, Field>, reader: ForeignReader): Filter {
  const nodes = [...reader.list(fields.get('tagSets')?.value, '"tagSets"')];
  const own = fields.get('tags')?.value;
  if (own !== undefined) nodes.push(own);
  const filters: NonNullable<Filter>[] = [];
  for (const node of nodes) {
    const set = reader.fields(node, '"tags"');
    reader.report(set, '"tags"', { allow: 'used', deny: 'used', semverRange: 'used' });
    const lists = ['allow', 'deny', 'semverRange'].map((key) => reader.list(set.get(key)?.value, `"${key}"`));
    // as in regsync, an empty set of `tags` is none, and an empty one of `tagSets` selects every tag
    if (node === own && lists.every(({ length }) => length === 0)) continue;
    const names = nameFilter(set, reader);
    const versions = versionFilter(lists[2] ?? [], reader);
    if (names === undefined || versions === undefined) return undefined;
    filters.push((tag) => versions(tag) && names(tag));
  }
  return (tag) => filters.length === 0 || filters.some((matches) => matches(tag));
}

/** Reads `allow` and `deny`: each pattern must match a whole name as regsync writes it, `^` + pattern + `$`. */
export function nameFilter(fields: ReadonlyMap<string, Field>, reader: ForeignReader): Filter {
  const [allow, deny] = ['allow', 'deny'].map((key) =>
    reader.list(fields.get(key)?.value, `"${key}"`).map((node) => patternAt(node, reader)),
  );
  if (allow === undefined || deny === undefined || [...allow, ...deny].includes(undefined)) return undefined;
  return (name) =>
    (allow.length === 0 || allow.some((matches) => matches?.(name))) && !deny.some((matches) => matches?.(name));
}

function patternAt(node: YamlNode, reader: ForeignReader): Filter {
  const text = asNumber(node, reader) ?? reader.text(node, 'a pattern');
  if (text === undefined) return undefined;
  const pattern = goPattern(`^${text}$`);
  if (pattern === undefined)
    reader.find('lost', node, `the pattern ${JSON.stringify(text)} is not a regular expression of Go`, 'correct it');
  return pattern;
}

/** Returns the text of an unquoted number as regsync reads it: its 3.10 is the number 3.1. */
function asNumber(node: YamlNode, reader: ForeignReader): string | undefined {
  if (node.kind !== 'scalar' || !node.plain || !/^[-+]?\d[\d._xobe+-]*$/i.test(node.text)) return undefined;
  const text = String(Number(node.text));
  if (text === node.text) return undefined;
  const reads = text === 'NaN' ? 'as a number' : `as ${text}`;
  reader.find(
    'note',
    node,
    `regsync reads the pattern ${node.text} ${reads}`,
    `write "${node.text}" with quotes if it is meant`,
  );
  return text === 'NaN' ? undefined : text;
}

function versionFilter(nodes: readonly YamlNode[], reader: ForeignReader): Filter {
  const ranges: NonNullable<Filter>[] = [];
  for (const node of nodes) {
    const text = reader.text(node, 'a range');
    if (text === undefined) return undefined;
    if (text === '') continue;
    const range = regclientRange(text);
    if (range === undefined) {
      reader.find('lost', node, `the range ${JSON.stringify(text)} is not a range of versions`, 'correct it');
      return undefined;
    }
    ranges.push(range);
  }
  return (tag) => ranges.length === 0 || ranges.some((matches) => matches(tag));
}
