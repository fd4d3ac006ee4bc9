import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePlain, parseThin, type ParsedProject } from './parse.ts';

// What upstream makes of each document, and in `ours` where this project is stricter.
type Golden = {
  readonly kind: 'images' | 'thin' | 'plain';
  readonly name: string;
  readonly yaml: string;
  readonly upstream: { readonly ok: boolean; readonly value?: unknown; readonly edges?: readonly string[] };
  readonly ours: 'same' | 'invalid file' | 'invalid entry' | 'conflicting tag';
};
type GoldenImage = { readonly name: string; readonly dmap: Readonly<Record<string, readonly string[] | null>> | null };
type GoldenRegistry = { readonly name: string; readonly src: boolean; readonly serviceAccount: string };

const documents = JSON.parse(
  readFileSync(new URL('../../test/fixtures/manifests.json', import.meta.url), 'utf8'),
) as readonly Golden[];
const MANIFEST = 'registries: [{name: gcr.io/a, src: true}, {name: gcr.io/b}]';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function parse({ kind, yaml }: Golden): ParsedProject {
  const file = { file: 'document.yaml', bytes: bytes(yaml) };
  if (kind === 'plain') return parsePlain('document', file, undefined);
  const [manifest, images] =
    kind === 'thin'
      ? [file, { file: 'images.yaml', bytes: bytes('') }]
      : [{ file: 'manifest.yaml', bytes: bytes(MANIFEST) }, file];
  return parseThin('document', manifest, images, undefined);
}

/** All images with their digests and tags, as upstream prints them. */
const flatImages = (parsed: ParsedProject): unknown =>
  parsed.project?.images.map(({ name, digests }) => ({
    name,
    dmap: Object.fromEntries(digests.map(({ digest, tags }) => [digest, tags])),
  }));

const expectedImages = (value: unknown): unknown =>
  ((value ?? []) as readonly GoldenImage[]).map(({ name, dmap }) => ({
    name,
    dmap: Object.fromEntries(Object.entries(dmap ?? {}).map(([digest, tags]) => [digest, [...new Set(tags)]])),
  }));

const flatRegistries = (parsed: ParsedProject): unknown =>
  parsed.project?.registries.map(({ name, isSource, serviceAccount }) => ({
    name,
    serviceAccount: serviceAccount ?? '',
    src: isSource,
  }));

const expectedRegistries = (value: unknown): unknown =>
  (value as readonly GoldenRegistry[]).map((registry) => ({ ...registry, name: registry.name.replace(/\/$/, '') }));

const flatEdges = (parsed: ParsedProject): readonly string[] =>
  (parsed.project?.images ?? []).flatMap(({ name, digests }) =>
    digests.flatMap(({ digest, tags }) =>
      tags.flatMap(
        (tag) =>
          parsed.project?.destinations.map(
            (to) => `${parsed.project?.source}/${name}@${digest} -> ${to.name}/${name}:${tag}@${digest}`,
          ) ?? [],
      ),
    ),
  );

const read = { images: flatImages, thin: flatRegistries, plain: flatEdges };
const expected = {
  images: ({ value }: Golden['upstream']) => expectedImages(value),
  thin: ({ value }: Golden['upstream']) => expectedRegistries(value),
  plain: ({ edges }: Golden['upstream']) => edges ?? [],
};

const only = (name: string): Golden =>
  documents.find((document) => document.name === name) ?? expect.fail(`no document ${name}`);

describe('src/manifest/golden', () => {
  it('has all documents', () => {
    expect(documents).toHaveLength(77);
  });

  const same = documents.filter(({ ours, upstream }) => ours === 'same' && upstream.ok);
  it.each(same.map((document) => [`${document.kind}: ${document.name}`, document] as const))(
    'reads what upstream reads from %s',
    (_, document) => {
      const parsed = parse(document);
      expect(parsed.problems).toEqual([]);
      expect(read[document.kind](parsed)).toEqual(expected[document.kind](document.upstream));
    },
  );

  const refused = documents.filter(
    ({ ours, upstream }) => ours === 'invalid file' || (ours === 'same' && !upstream.ok),
  );
  it.each(refused.map((document) => [`${document.kind}: ${document.name}`, document] as const))(
    'takes out the file %s',
    (_, document) => {
      const { project, problems } = parse(document);
      expect(project).toBeUndefined();
      expect(problems.map(({ code, position }) => [code, position.file])).toContainEqual([
        'MANIFEST_INVALID',
        'document.yaml',
      ]);
    },
  );

  const entries = documents.filter(({ ours }) => ours === 'invalid entry');
  it.each(entries.map((document) => [`${document.kind}: ${document.name}`, document] as const))(
    'takes out only the entry of %s',
    (_, document) => {
      const { project, problems } = parse(document);
      expect(project?.images).toEqual([]);
      expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['ENTRY_INVALID']));
    },
  );

  it('leaves a conflicting tag to the plan', () => {
    const conflicting = documents.filter(({ ours }) => ours === 'conflicting tag');
    expect(conflicting.map(({ name }) => name)).toEqual(['overlap']);
    expect(conflicting.map((document) => parse(document).problems)).toEqual([[]]);
    expect(flatEdges(parse(only('overlap')))).toHaveLength(2);
  });

  it.each([
    ['unknown_key', 4, 3, 'unknown key "note"'],
    ['duplicate_digest', 4, 5, 'stands twice'],
    ['duplicate_key_name', 2, 3, 'twice'],
    ['scalar_tags', 3, 80, 'is a text, not a list'],
    ['uppercase_name', 1, 9, '"Foo"'],
    ['bad_tag_slash', 3, 81, '"a/b" is not a tag'],
    ['two_src', 4, 9, 'two source registries'],
    ['src_string_true', 3, 8, 'is the text "true"'],
    ['tabs', 2, 2, 'not valid YAML'],
    ['two_documents', 4, 1, 'more than one YAML document'],
    ['no_dmap', 1, 3, 'no digests'],
  ])('points at the place in %s', (name, line, column, message) => {
    const [problem] = parse(only(name)).problems;
    expect(problem).toMatchObject({
      position: { file: 'document.yaml', line, column },
      message: expect.stringContaining(message) as string,
    });
    expect(problem?.hint).not.toBe('');
  });

  it.each([
    ['null_dmap', 2, 3, 'no digests'],
    ['empty_dmap', 2, 9, 'no digests'],
    ['images_path', 5, 13, '"imagesPath" has no effect'],
    ['duplicate_registry', 5, 9, '"gcr.io/b" is listed twice'],
    ['dst_equals_src', 4, 9, '"gcr.io/a" is the source registry'],
  ])('warns at the place in %s', (name, line, column, message) => {
    const { problems, warnings } = parse(only(name));
    expect(problems).toEqual([]);
    expect(warnings[0]).toMatchObject({
      code: 'NO_EFFECT',
      position: { file: 'document.yaml', line, column },
      message: expect.stringContaining(message) as string,
    });
    expect(warnings[0]?.hint).not.toBe('');
  });
});
