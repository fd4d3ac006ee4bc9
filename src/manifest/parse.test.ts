import { describe, expect, it } from 'vitest';

import { allowedRegistries, parsePlain, parseThin, type ParsedProject } from './parse.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const MANIFEST = 'registries: [{name: gcr.io/a, src: true}, {name: gcr.io/b}]';
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const images = (text: string | Uint8Array, manifest = MANIFEST): ParsedProject =>
  parseThin(
    'p',
    { file: 'manifest.yaml', bytes: encode(manifest) },
    { file: 'images.yaml', bytes: typeof text === 'string' ? encode(text) : text },
    undefined,
  );
const manifest = (text: string, allow?: readonly string[]): ParsedProject =>
  parsePlain('p', { file: 'manifest.yaml', bytes: encode(text) }, allowedRegistries(allow));

/** `name digest[0]:tag,tag` of each digest, in order. */
const entries = (parsed: ParsedProject): readonly string[] | undefined =>
  parsed.project?.images.flatMap(({ name, digests }) =>
    digests.map(({ digest, tags }) => `${name} ${digest.slice(7, 8)}:${tags.join(',')}`),
  );
const places = (parsed: ParsedProject): readonly string[] =>
  parsed.problems.map(({ code, message, position }) => `${position.line}:${position.column} ${code} ${message}`);
const expectInvalid = (parsed: ParsedProject, place: string, words: string): void => {
  expect(parsed.project).toBeUndefined();
  expect(places(parsed)[0]).toMatch(new RegExp(`^${place} MANIFEST_INVALID .*${words}`));
};

describe('src/manifest/parse', () => {
  it('keeps the position of every name, digest and tag', () => {
    const { project } = images(`- name: foo\n  dmap:\n    "${A}":\n    - v1\n    - "v2"\n    ${B}: [x, y]\n`);
    const [image] = project?.images ?? [];
    expect(image?.position).toEqual({ file: 'images.yaml', line: 1, column: 9 });
    expect(image?.digests.map(({ position }) => [position.line, position.column])).toEqual([
      [3, 5],
      [6, 5],
    ]);
    expect(
      image?.digests.flatMap(({ tagPositions }) => tagPositions.map(({ line, column }) => [line, column])),
    ).toEqual([
      [4, 7],
      [5, 7],
      [6, 79],
      [6, 82],
    ]);
  });

  it('adds up the entries of one name, each with its own position', () => {
    const parsed = images(`- name: foo\n  dmap:\n    "${A}": [v1]\n- name: foo\n  dmap:\n    "${A}": [v2, v2, v1]\n`);
    expect(entries(parsed)).toEqual(['foo a:v1', 'foo a:v2,v1']);
    expect(parsed.project?.images.map(({ position }) => position.line)).toEqual([1, 4]);
  });

  it('excludes one digest for a bad tag and keeps its neighbours', () => {
    const parsed = images(
      `- name: foo\n  dmap:\n    "${A}": [v1, "v 2"]\n    "${B}": [v1]\n- name: Bad\n  dmap:\n    "${A}": [v1]\n`,
    );
    expect(entries(parsed)).toEqual(['foo b:v1']);
    expect(parsed.problems).toMatchObject([
      { code: 'ENTRY_INVALID', image: 'foo', digest: A, position: { line: 3, column: 85 } },
      { code: 'ENTRY_INVALID', image: 'Bad', position: { line: 5, column: 9 } },
    ]);
  });

  it('refuses a name that is too long together with its longest registry', () => {
    const registry = `gcr.io/${'r'.repeat(200)}`;
    const text = `registries: [{name: gcr.io/a, src: true}, {name: ${registry}}]`;
    const fits = 'n'.repeat(255 - registry.length - 1);
    expect(entries(images(`- name: ${fits}\n  dmap: {"${A}": [v1]}`, text))).toEqual([`${fits} a:v1`]);
    const parsed = images(`- name: ${fits}n\n  dmap: {"${A}": [v1]}`, text);
    expect(parsed.project?.images).toEqual([]);
    expect(places(parsed)).toEqual([expect.stringContaining('longer than 255')]);
    expect(parsed.problems.map(({ hint }) => hint)).toEqual(['shorten it']);
  });

  it('reports only a tag with 129 characters as too long', () => {
    const found = (tag: string): readonly unknown[] =>
      images(`- name: foo\n  dmap: {"${A}": [${tag}]}`).problems.map(({ message, hint }) => [message, hint]);
    expect(found('t'.repeat(128))).toEqual([]);
    expect(found('t'.repeat(129))).toEqual([
      [expect.stringMatching(/ has 129 characters, which are too many for a tag$/), 'shorten it to 128 characters'],
    ]);
    expect(found(`-${'t'.repeat(129)}`)).toEqual([[expect.stringMatching(/ is not a tag$/), expect.any(String)]]);
  });

  it('reports a merge conflict where it begins', () => {
    const text = `- name: foo\n  dmap:\n<<<<<<< HEAD\n    "${A}": [v1]\n=======\n    "${A}": [v2]\n>>>>>>> other\n`;
    const { problems } = images(text);
    expect(problems).toMatchObject([
      {
        message: 'the file holds a merge conflict',
        position: { line: 3, column: 1 },
        hint: expect.stringMatching(/^resolve it/),
      },
    ]);
    expect(entries(images(`- name: foo # <<<<<<< HEAD\n  dmap: {"${A}": [v1]}`))).toEqual(['foo a:v1']);
  });

  it('reports a misspelt key once, with the right spelling', () => {
    const parsed = images('- Name: foo\n  dmap: {}\n');
    expectInvalid(parsed, '1:3', '"Name"');
    expect(parsed.problems.map(({ hint }) => hint)).toEqual(['write "name"']);
  });

  it('does not call missing what could not be read', () => {
    expect(places(images('- name: [a]\n'))).toEqual([
      '1:9 MANIFEST_INVALID the name of an image is a list, not a text',
    ]);
    expect(places(manifest('registries: [gcr.io/a]'))).toEqual([
      '1:14 MANIFEST_INVALID a registry is a text, not a mapping',
    ]);
  });

  it('reports the problems of both files of a project', () => {
    const parsed = images('- nam: foo', 'registries: []');
    expect(parsed.problems.map(({ position }) => position.file)).toEqual(['manifest.yaml', 'images.yaml']);
  });

  it('refuses images in a manifest that has a file of its own for them', () => {
    expectInvalid(images('', `${MANIFEST}\nimages: []`), '2:1', '"images"');
  });

  it('accepts flow lists with lines left of their key', () => {
    const list = (name: string): string =>
      `- name: ${name}\n  dmap:\n    "${A}": [\n      "v1",\n    ]\n    "${B}": [ # tags\n    "v2",\n  v3 # last\n]\n`;
    const parsed = images(`${list('foo')}${list('bar')}- name: Bad\n  dmap: {}\n`);
    expect(entries(parsed)).toEqual(['foo a:v1', 'foo b:v2,v3', 'bar a:v1', 'bar b:v2,v3']);
    expect(parsed.project?.images[0]?.digests[1]?.tagPositions.map(({ line, column }) => [line, column])).toEqual([
      [7, 5],
      [8, 3],
    ]);
    expect(places(parsed).map((place) => place.split(' ')[0])).toEqual(['19:9', '20:9']);
  });

  it('takes tabs between the parts of a flow list', () => {
    expect(entries(images(`- name: foo\n  dmap:\n    "${A}":\t[\t"v1",\t"v2"]\n    "${B}": [\n\tv3\n\t]\n`))).toEqual([
      'foo a:v1,v2',
      'foo b:v3',
    ]);
  });

  it('repairs flow lists without taking anything else for one', () => {
    const list = `- name: foo\n  dmap:\n    "${A}": [\n      "v1",\n    ]\n`;
    expectInvalid(images(`${list}- name: bar\n]\n`), '7:1', 'not valid YAML');
    expectInvalid(images(`${list}- name:\nbar\n`), '7:1', 'not valid YAML');
    expectInvalid(images(`- name: foo\n  dmap:\n    "${A}": [\n---\n    ]\n`), '4:1', 'deficient indentation');
    const literal = images(`${list}    "${B}":\n    - |\n      v1\n      ]\n      not a line of a list\n    - v2\n`);
    expect(entries(literal)).toEqual(['foo a:v1']);
    expect(literal.problems.map(({ message }) => message)).toEqual(['"v1\\n]\\nnot a line of a list\\n" is not a tag']);
  });

  it('repairs thousands of flow lists in one go', () => {
    const digests = Array.from(
      { length: 3000 },
      (_, index) => `    "sha256:${index.toString(16).padStart(64, '0')}": [\n    "v${index}"\n    ]\n`,
    );
    const parsed = images(`- name: foo\n  dmap:\n${digests.join('')}`);
    expect(parsed.problems).toEqual([]);
    expect(parsed.project?.images[0]?.digests[2999]?.tagPositions[0]).toMatchObject({ line: 9001, column: 5 });
  });

  it('counts columns without a byte order mark and lines of any ending', () => {
    expect(places(images('\uFEFF- name: Bad\n  dmap: {x: []}\n'))[0]).toMatch(/^1:9 /);
    expect(places(images('# a\r\n# b\r- name: Bad\r\n'))[0]).toMatch(/^3:9 /);
  });

  it.each([
    ['[&t v1]', 'v1'],
    ['[!!binary djI=]', 'v2'],
    ['[!!str null]', 'null'],
    ['[!custom v1]', 'v1'],
    ['[!!int 0x1F]', '0x1F'],
    ['[!!float 1]', '1'],
    ['[!!bool yes]', 'yes'],
    ['[1.10]', '1.10'],
    ['["\\x76\\u0031"]', 'v1'],
    ["['v1']", 'v1'],
    ['[v1, ]', 'v1'],
    ['[true, "null"]', 'true,null'],
    ['!!seq [v1]', 'v1'],
  ])('reads the tags %s as upstream does', (tags, expected) => {
    const parsed = images(`- name: foo\n  dmap:\n    "${A}": ${tags}\n`);
    expect(entries(parsed)).toEqual([`foo a:${expected}`]);
    expect(parsed.problems).toEqual([]);
  });

  it.each(['[!!int v1]', '[!!bool maybe]', '[!!null x]', '[!!binary "%"]', '""', '!!str x', '[{a: b}]', '{}', '[[]]'])(
    'refuses the tags %s as upstream does',
    (tags) => {
      expectInvalid(images(`- name: foo\n  dmap:\n    "${A}": ${tags}\n`), '3:\\d+', '');
    },
  );

  it.each([
    ['y', true],
    ['Y', true],
    ['yes', true],
    ['ON', true],
    ['TRUE', true],
    ['!!bool "true"', true],
    ['n', false],
    ['Off', false],
    ['~', false],
    ['', false],
  ])('reads src: %s as %s', (src, expected) => {
    const parsed = manifest(
      `registries:\n- name: gcr.io/a\n  src: ${src}\n- name: gcr.io/b\n  src: ${expected ? 'no' : 'yes'}\n`,
    );
    expect(parsed.project?.source).toBe(expected ? 'gcr.io/a' : 'gcr.io/b');
  });

  it.each(['"yes"', "'true'", '1', 'tRue', '[true]', '!!str true', 'enabled'])('refuses src: %s', (src) => {
    expectInvalid(manifest(`registries:\n- name: gcr.io/a\n  src: ${src}\n- name: gcr.io/b\n`), '3:\\d+', '"src"');
  });

  it('merges mappings where yaml.v2 does', () => {
    expect(entries(images(`- &x\n  name: foo\n  dmap:\n    "${A}": [v1]\n- <<: *x\n  name: bar\n`))).toEqual([
      'foo a:v1',
      'bar a:v1',
    ]);
    expect(
      entries(
        images(`- name: foo\n  dmap: &d\n    "${A}": [v1]\n- name: bar\n  dmap:\n    <<: *d\n    "${B}": [v2]\n`),
      ),
    ).toEqual(['foo a:v1', 'bar a:v1', 'bar b:v2']);
    expect(entries(images(`- <<: [{name: foo}, {name: bar}]\n  dmap: {"${A}": []}\n`))).toEqual(['foo a:']);
    expectInvalid(
      images(`- name: foo\n  dmap: &d\n    "${A}": [v1]\n- name: bar\n  dmap:\n    <<: *d\n    "${A}": [v2]\n`),
      '7:5',
      'twice',
    );
    expectInvalid(images('- <<: text\n  name: foo\n'), '1:7', 'merges a text');
    expectInvalid(images(`- "<<": {name: foo}\n  dmap: {"${A}": []}\n`), '1:3', 'unknown key');
  });

  it('distinguishes registries', () => {
    const { project } = manifest(
      'registries:\n- {name: gcr.io/a/, src: true}\n- {name: gcr.io/b, service-account: x@y}\n- {name: gcr.io/b/}\n- {name: gcr.io/a}\nimages: []\nimagesPath: x.yaml\n',
    );
    expect(project?.source).toBe('gcr.io/a');
    expect(project?.destinations.map(({ name, serviceAccount }) => [name, serviceAccount])).toEqual([
      ['gcr.io/b', 'x@y'],
      ['gcr.io/a', undefined],
    ]);
    expect(project?.registries).toHaveLength(4);
  });

  it.each([
    ['https://gcr.io/b', 'scheme'],
    ['localhost:70000/b', '"localhost:70000": a port is a number from 1 to 65535'],
    ['256.1.1.1/b', 'an IPv4 address is four numbers'],
    ['1.2.3/b', 'an IPv4 address is four numbers'],
    ['a_b.example/b', 'no "_"'],
    ['gcr.io./b', 'must not end with'],
    ['myorg/prod', 'may be a host or an organisation; for an organisation of Docker Hub write docker.io/myorg/prod'],
    ['"gcr.io/UPPER"', 'path'],
    ['gcr.io//b', 'path'],
    ['"-bad.example/b"', 'host'],
    ['/', 'empty'],
  ])('refuses the registry name %s', (name, words) => {
    expectInvalid(manifest(`registries:\n- name: gcr.io/a\n  src: true\n- name: ${name}\n`), '4:9', words);
  });

  it('excludes a manifest that names a registry which is not allowed', () => {
    const text = 'registries:\n- name: gcr.io/a\n  src: true\n- name: evil.example/b\n';
    expect(manifest(text, ['gcr.io', '*.example']).project).toBeDefined();
    const { project, problems } = manifest(text, ['gcr.io']);
    expect(project).toBeUndefined();
    expect(problems).toMatchObject([
      { code: 'REGISTRY_NOT_ALLOWED', position: { file: 'manifest.yaml', line: 4, column: 9 } },
    ]);
    expect(problems[0]?.message).toContain('evil.example/b');
  });
});
