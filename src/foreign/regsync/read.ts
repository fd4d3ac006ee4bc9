import { imageName, registryName } from '../names.ts';
import type { CopyRule, Foreign } from '../model.ts';
import { openForeign, type Field, type ForeignReader } from '../reader.ts';
import type { YamlNode } from '../../yaml/node.ts';
import { CREDS_KEYS, DEFAULT_MEDIA_TYPES, DEFAULTS_KEYS, FILE_KEYS, SYNC_KEYS } from './keys.ts';
import { nameFilter, tagFilter } from './tag-filter.ts';
import { expandTemplate, hasTemplate } from './template.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Fields = ReadonlyMap<string, Field>;

/** Reads a configuration of regsync. Throws CONFIG_INVALID if the file is not YAML. https://regclient.org/usage/regsync/ */
export function readRegsync(file: string, bytes: Uint8Array, env: Environment): Foreign {
  const { root, reader } = openForeign(file, bytes);
  const fields = reader.fields(root, 'the file');
  reader.report(fields, 'the file', FILE_KEYS);
  const version = reader.text(fields.get('version')?.value, '"version"') ?? '1';
  if (!['0', '1', ''].includes(version))
    reader.find(
      'lost',
      fields.get('version')?.value ?? root,
      `"version" is ${version}`,
      'kpromo knows version 1 of regsync',
    );
  for (const node of reader.list(fields.get('creds')?.value, '"creds"')) {
    const creds = reader.fields(node, 'an entry of "creds"');
    const registry = reader.text(creds.get('registry')?.value, '"registry"') ?? 'a registry';
    reader.report(creds, `the entry of "creds" for ${registry}`, CREDS_KEYS);
  }
  const defaults = reader.fields(fields.get('defaults')?.value, '"defaults"');
  reader.report(defaults, '"defaults"', DEFAULTS_KEYS);
  const entries = reader.list(fields.get('sync')?.value, '"sync"');
  const rules = entries.flatMap((node) => ruleOf(node, defaults, reader, env) ?? []);
  return { rules, findings: reader.findings };
}

function ruleOf(node: YamlNode, defaults: Fields, reader: ForeignReader, env: Environment): CopyRule | undefined {
  const what = 'an entry of "sync"';
  const fields = reader.fields(node, what);
  reader.report(fields, what, SYNC_KEYS);
  const source = expanded('source', fields, {}, reader, env);
  const type = reader.text(fields.get('type')?.value, '"type"') ?? '';
  const target =
    source === undefined
      ? undefined
      : expanded('target', fields, { 'Sync.Source': source, 'Sync.Type': type }, reader, env);
  if (source === undefined || target === undefined) return undefined;
  const names = { source, target, node, fields };
  const place =
    type === 'image'
      ? imageRule(names, reader)
      : type === 'repository'
        ? repositoryRule(names, reader)
        : type === 'registry'
          ? registryRule(names, reader)
          : unknownType(type, names, reader);
  if (place === undefined) return undefined;
  const own = reader.texts(fields.get('mediaTypes')?.value, '"mediaTypes"');
  const given = own.length > 0 ? own : reader.texts(defaults.get('mediaTypes')?.value, '"mediaTypes"');
  const platform = reader.text(fields.get('platform')?.value, '"platform"') || undefined;
  return {
    at: reader.at(node),
    suffix: '',
    mediaTypes: given.length > 0 ? given : DEFAULT_MEDIA_TYPES,
    platform,
    ...place,
  };
}

type Names = { readonly source: string; readonly target: string; readonly node: YamlNode; readonly fields: Fields };
type Place = Pick<CopyRule, 'source' | 'target' | 'repositories' | 'select'>;

function imageRule({ source, target, fields }: Names, reader: ForeignReader): Place | undefined {
  const [from, to] = [imageAt('source', source, fields, reader), imageAt('target', target, fields, reader)];
  if (from === undefined || to === undefined) return undefined;
  const tag = to.tag ?? (to.digest === undefined ? 'latest' : undefined);
  const reference = from.digest ?? from.tag ?? 'latest';
  return {
    source: from.repository,
    target: to.repository,
    repositories: undefined,
    select: { kind: 'one', reference, tag },
  };
}

function repositoryRule({ source, target, fields }: Names, reader: ForeignReader): Place | undefined {
  const [from, to] = [imageAt('source', source, fields, reader), imageAt('target', target, fields, reader)];
  const matches = tagFilter(fields, reader);
  if (from === undefined || to === undefined || matches === undefined) return undefined;
  return { source: from.repository, target: to.repository, repositories: undefined, select: { kind: 'tags', matches } };
}

function registryRule({ source, target, fields }: Names, reader: ForeignReader): Place | undefined {
  const [from, to] = (['source', 'target'] as const).map((key) => {
    const name = registryName(key === 'source' ? source : target);
    if (typeof name === 'string') return name;
    reader.find(
      'lost',
      fields.get(key)?.value as YamlNode,
      `"${key}" ${name.problem}`,
      'write the host of the registry',
    );
    return undefined;
  });
  const repositories = nameFilter(reader.fields(fields.get('repos')?.value, '"repos"'), reader);
  const matches = tagFilter(fields, reader);
  if (from === undefined || to === undefined || repositories === undefined || matches === undefined) return undefined;
  return { source: from, target: to, repositories, select: { kind: 'tags', matches } };
}

function unknownType(type: string, { node, fields }: Names, reader: ForeignReader): undefined {
  const place = fields.get('type')?.value ?? node;
  const message = type === '' ? 'the entry has no "type"' : `"type" is ${JSON.stringify(type)}, which is unknown`;
  reader.find('lost', place, message, 'write image, repository or registry');
  return undefined;
}

function imageAt(key: 'source' | 'target', text: string, fields: Fields, reader: ForeignReader) {
  const name = imageName(text);
  if (!('problem' in name)) return name;
  const node = fields.get(key)?.value;
  if (node !== undefined)
    reader.find('lost', node, `"${key}" ${name.problem}`, 'kpromo copies between registries: write host[:port]/path');
  return undefined;
}

/** Returns the text of a key with its templates expanded; undefined after reporting a problem. */
function expanded(
  key: 'source' | 'target',
  fields: Fields,
  known: Readonly<Record<string, string>>,
  reader: ForeignReader,
  env: Environment,
): string | undefined {
  const node = fields.get(key)?.value;
  const text = reader.text(node, `"${key}"`);
  if (node === undefined || text === undefined || text === '') {
    const place = node ?? [...fields.values()][0]?.key;
    if (place !== undefined && text !== undefined)
      reader.find('lost', place, `"${key}" is empty`, 'write the name of an image');
    else if (place !== undefined && node === undefined)
      reader.find('lost', place, `the entry has no "${key}"`, `add the key "${key}"`);
    return undefined;
  }
  if (!hasTemplate(text)) return text;
  const result = expandTemplate(text, { fields: known, env });
  if (result === undefined)
    reader.find(
      'lost',
      node,
      `the template of "${key}" cannot be evaluated`,
      'write the name without a template; kpromo knows fields, env, split, join, index, lower, upper, trimSpace and default',
    );
  return result?.trim() === '' ? undefined : result;
}
