import { isDigest } from '../image/digest.ts';
import { isTag, type RepositoryName } from '../image/reference.ts';
import type { YamlNode } from '../yaml/node.ts';
import { goPattern } from './go-pattern.ts';
import type { CopyRule, Foreign, Selection } from './model.ts';
import { imageName } from './names.ts';
import { openForeign, type ForeignReader, type KnownKeys } from './reader.ts';
import { mastermindsRange } from './versions/masterminds-range.ts';

/** The arguments of `skopeo sync` that the file does not have. */
export type SkopeoArguments = {
  /** The destination registry with an optional path. */
  readonly destination: string;
  readonly scoped: boolean;
  readonly suffix: string;
};

const CONFIG = 'in a file for --registry-config (docs/registry-config.md)';

/** Keys of a registry. */
export const REGISTRY_KEYS: KnownKeys = {
  images: 'used',
  'images-by-tag-regex': 'used',
  'images-by-semver': 'used',
  credentials: { kind: 'note', hint: 'log in with docker login or a credential helper (docs/credentials.md)' },
  'tls-verify': {
    kind: 'note',
    off: 'true',
    hint: `set the certificate of the registry as \`ca\`, or \`insecure: true\` for HTTP, ${CONFIG}`,
  },
  'cert-dir': { kind: 'note', hint: `name its files as \`ca\` and \`clientCertificate\` of the registry ${CONFIG}` },
};

/** Reads a file for `skopeo sync --src yaml`. Throws CONFIG_INVALID if it is not YAML. */
export function readSkopeo(file: string, bytes: Uint8Array, given: SkopeoArguments): Foreign {
  const { root, reader } = openForeign(file, bytes);
  const rules: CopyRule[] = [];
  for (const [registry, { key, value }] of reader.fields(root, 'the file')) {
    const fields = reader.fields(value, `the registry ${registry}`);
    reader.report(fields, `the registry ${registry}`, REGISTRY_KEYS);
    const take = (node: YamlNode, image: string, selections: readonly Selection[]): void => {
      const place = placeOf(node, registry, image, given, reader);
      if (place !== undefined)
        for (const select of selections) rules.push(ruleOf(reader, node, place, select, given.suffix));
    };
    for (const [image, { key: at, value: refs }] of reader.fields(fields.get('images')?.value, '"images"'))
      take(at, image, listed(refs, image, given.suffix, reader));
    for (const [name, compile, expected] of FILTERS)
      for (const [image, { key: at, value: text }] of reader.fields(fields.get(name)?.value, `"${name}"`))
        take(at, image, filtered(text, compile, expected, reader));
    if (['images', 'images-by-tag-regex', 'images-by-semver'].every((name) => !fields.has(name)))
      reader.find('note', key, `the registry ${registry} has no images`, 'leave it out');
  }
  return { rules, findings: reader.findings };
}

const FILTERS = [
  ['images-by-tag-regex', goPattern, 'a regular expression of Go'],
  ['images-by-semver', mastermindsRange, 'a range of versions'],
] as const;

/** Returns a selection for each tag or digest; one of all tags for an empty list. */
function listed(refs: YamlNode, image: string, suffix: string, reader: ForeignReader): readonly Selection[] {
  const nodes = reader.list(refs, `the list of ${image}`);
  if (nodes.length === 0) return refs.kind === 'mapping' ? [] : [{ kind: 'tags', matches: () => true }];
  return nodes.flatMap((node): Selection[] => {
    const reference = reader.text(node, `an entry of ${image}`);
    if (reference === undefined) return [];
    if (isDigest(reference)) return [{ kind: 'one', reference, tag: undefined }];
    if (isTag(reference) && isTag(`${reference}${suffix}`))
      return [{ kind: 'one', reference, tag: `${reference}${suffix}` }];
    reader.find('lost', node, `${JSON.stringify(reference)} of ${image} is neither a tag nor a digest`, 'correct it');
    return [];
  });
}

function filtered(
  node: YamlNode,
  compile: (text: string) => ((tag: string) => boolean) | undefined,
  expected: string,
  reader: ForeignReader,
): readonly Selection[] {
  const text = reader.text(node, expected);
  const matches = text === undefined ? undefined : compile(text);
  if (matches !== undefined) return [{ kind: 'tags', matches }];
  if (text !== undefined) reader.find('lost', node, `${JSON.stringify(text)} is not ${expected}`, 'correct it');
  return [];
}

type Place = { readonly source: RepositoryName; readonly target: RepositoryName };

/** The target is the destination with the last part of the source's name; with `scoped`, with the whole name. */
function placeOf(
  node: YamlNode,
  registry: string,
  image: string,
  { destination, scoped }: SkopeoArguments,
  reader: ForeignReader,
): Place | undefined {
  const from = imageName(`${registry}/${image}`);
  const problem =
    'problem' in from
      ? from.problem
      : from.tag !== undefined || from.digest !== undefined
        ? 'names a tag or digest'
        : undefined;
  if ('problem' in from || problem !== undefined) {
    reader.find(
      'lost',
      node,
      `${registry}/${image} ${problem}`,
      'write the name of a repository; skopeo skips it, too',
    );
    return undefined;
  }
  const below = scoped ? from.repository : (from.repository.split('/').at(-1) ?? '');
  const to = imageName(`${destination}/${below}`);
  if (!('problem' in to)) return { source: from.repository, target: to.repository };
  reader.find('lost', node, `the target ${destination}/${below} ${to.problem}`, 'choose another --destination');
  return undefined;
}

function ruleOf(reader: ForeignReader, node: YamlNode, place: Place, select: Selection, suffix: string): CopyRule {
  return {
    at: reader.at(node),
    ...place,
    repositories: undefined,
    select,
    suffix,
    mediaTypes: undefined,
    platform: undefined,
  };
}
