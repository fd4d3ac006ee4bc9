import { describe, expect, it } from 'vitest';
import type { Project } from '../manifest.ts';
import { parsePlain, parseThin, type ParsedProject } from '../parse.ts';
import { addImages, type Addition } from './add-images.ts';

const hex = (letter: string): `sha256:${string}` => `sha256:${letter.repeat(64)}`;
const [A, B, C, D] = [hex('a'), hex('b'), hex('c'), hex('d')];
const MANIFEST = Buffer.from('registries:\n- {name: s.test, src: true}\n- {name: m.test}\n');
const edited = (text: string, ...additions: readonly Addition[]): string => {
  const parse = (bytes: Uint8Array) =>
    parseThin('p', { file: 'manifest', bytes: MANIFEST }, { file: 'images', bytes }, undefined);
  return Buffer.from(addImages({ file: 'images', bytes: Buffer.from(text), parse }, additions)).toString();
};
const app = (digest: `sha256:${string}`, ...tags: string[]): Addition => ({ name: 'app', digest, tags });

describe('src/manifest/edit/add-images.ts', () => {
  it.each<[string, string, Addition, string]>([
    [
      'sorted versions',
      `- name: app\n  dmap:\n    "${A}": ["v1.9"]\n    "${B}": ["v1.11"]\n`,
      app(C, 'v1.10'),
      `- name: app\n  dmap:\n    "${A}": ["v1.9"]\n    "${C}": ["v1.10"]\n    "${B}": ["v1.11"]\n`,
    ],
    [
      'sorted digests',
      `- name: app\n  dmap:\n    "${A}": ["v2"]\n    "${C}": ["v1"]\n`,
      app(B, 'v3'),
      `- name: app\n  dmap:\n    "${A}": ["v2"]\n    "${B}": ["v3"]\n    "${C}": ["v1"]\n`,
    ],
    [
      'spaces in brackets, single quotes',
      `- name: app\n  dmap:\n    '${A}': [ 'v1', 'x' ]\n`,
      app(B, 'v2', 'y'),
      `- name: app\n  dmap:\n    '${A}': [ 'v1', 'x' ]\n    '${B}': [ 'v2', 'y' ]\n`,
    ],
    [
      'no line end at the end',
      `- name: app\n  dmap:\n    ${A}: [v1]`,
      app(B, 'v2'),
      `- name: app\n  dmap:\n    ${B}: [v2]\n    ${A}: [v1]`,
    ],
    [
      'block lists',
      `- name: app\n  dmap:\n    ${A}:\n    - v1\n`,
      app(B, 'v2', 'v3'),
      `- name: app\n  dmap:\n    ${A}:\n    - v1\n    ${B}:\n    - v2\n    - v3\n`,
    ],
    [
      'a tag to a block list',
      `- name: app\n  dmap:\n    ${A}:\n      -  v1 # one\n      -  v3\n`,
      app(A, 'v2'),
      `- name: app\n  dmap:\n    ${A}:\n      -  v1 # one\n      -  v2\n      -  v3\n`,
    ],
    [
      'a tag to a flow list',
      `- name: app\n  dmap:\n    "${A}": ["v1"] # one\n`,
      app(A, 'v2'),
      `- name: app\n  dmap:\n    "${A}": ["v1", "v2"] # one\n`,
    ],
    [
      'a tag to an empty list',
      `- name: app\n  dmap:\n    "${A}": []\n`,
      app(A, 'v2'),
      `- name: app\n  dmap:\n    "${A}": ["v2"]\n`,
    ],
    [
      'a tag to a list of lines',
      `- name: app\n  dmap:\n    "${A}": [\n      "v1",\n      "v2"\n    ]\n`,
      app(A, 'v3'),
      `- name: app\n  dmap:\n    "${A}": [\n      "v1",\n      "v3",\n      "v2"\n    ]\n`,
    ],
    [
      'a tag after a comma',
      `- name: app\n  dmap:\n    "${A}": [\n    "v1",\n    ]\n`,
      app(A, 'v3'),
      `- name: app\n  dmap:\n    "${A}": [\n    "v1",\n    "v3",\n    ]\n`,
    ],
    [
      'a new image between',
      `# license\n\n- name: aaa\n  dmap:\n    "${A}": ["v1"]\n\n# last\n- name: zzz\n  dmap:\n    "${B}": ["v1"]\n`,
      app(C, 'v1'),
      `# license\n\n- name: aaa\n  dmap:\n    "${A}": ["v1"]\n\n- name: app\n  dmap:\n    "${C}": ["v1"]\n\n# last\n- name: zzz\n  dmap:\n    "${B}": ["v1"]\n`,
    ],
    [
      'a list of one image',
      `- name: web\n  dmap:\n    "${A}": ["v1"]\n`,
      app(B, 'v1'),
      `- name: app\n  dmap:\n    "${B}": ["v1"]\n- name: web\n  dmap:\n    "${A}": ["v1"]\n`,
    ],
    [
      'a list of one tag',
      `- name: app\n  dmap:\n    "${A}": ["v1.10"]\n`,
      app(A, 'v1.9'),
      `- name: app\n  dmap:\n    "${A}": ["v1.9", "v1.10"]\n`,
    ],
    [
      'a new image first',
      `# about b\n- name: b\n  dmap:\n    "${A}": ["v1"]\n- name: c\n  dmap:\n    "${B}": ["v1"]\n`,
      app(C, 'v1'),
      `# about b\n- name: app\n  dmap:\n    "${C}": ["v1"]\n- name: b\n  dmap:\n    "${A}": ["v1"]\n- name: c\n  dmap:\n    "${B}": ["v1"]\n`,
    ],
    [
      'deeper indentation',
      `  -   name: "a"\n      dmap:\n          "${A}": [v1]\n`,
      app(C, 'v1'),
      `  -   name: "a"\n      dmap:\n          "${A}": [v1]\n  -   name: "app"\n      dmap:\n          "${C}": [v1]\n`,
    ],
    [
      'Windows',
      `- name: app\r\n  dmap:\r\n    "${A}": ["v1"]\r\n`,
      app(B, 'v2'),
      `- name: app\r\n  dmap:\r\n    "${A}": ["v1"]\r\n    "${B}": ["v2"]\r\n`,
    ],
    ['an empty file', '', app(A, 'v1'), `- name: app\n  dmap:\n    "${A}": ["v1"]\n`],
    ['comments only', '# none yet\n', app(A, 'v1'), `# none yet\n- name: app\n  dmap:\n    "${A}": ["v1"]\n`],
    ['an empty list', '# none yet\n[]\n', app(A, 'v1'), `# none yet\n- name: app\n  dmap:\n    "${A}": ["v1"]\n`],
    [
      'a placeholder',
      '- name: app\n  dmap:\n- name: b\n  dmap: {}\n',
      app(A, 'v1'),
      `- name: app\n  dmap:\n    "${A}": ["v1"]\n- name: b\n  dmap: {}\n`,
    ],
    [
      'braces',
      `- name: app\n  dmap: {"${A}": [v1]}\n`,
      app(B, 'v2'),
      `- name: app\n  dmap: {"${A}": [v1], "${B}": [v2]}\n`,
    ],
    [
      'a flow list of images',
      `[{name: a, dmap: {"${A}": [v1]}}]\n`,
      app(B, 'v2'),
      `[{name: a, dmap: {"${A}": [v1]}}, {name: app, dmap: {"${B}": ["v2"]}}]\n`,
    ],
    [
      'an alias',
      `- name: a\n  dmap: &x\n    "${A}": [v1]\n- name: app\n  dmap: *x\n`,
      app(A, 'v2'),
      `- name: a\n  dmap: &x\n    "${A}": [v1]\n- name: app\n  dmap: *x\n- name: app\n  dmap:\n    "${A}": ["v2"]\n`,
    ],
    [
      'a plain number',
      `- name: app\n  dmap:\n    "${A}": [v1]\n`,
      app(B, '1.10'),
      `- name: app\n  dmap:\n    "${A}": [v1]\n    "${B}": ["1.10"]\n`,
    ],
    [
      'an untagged digest',
      `- name: app\n  dmap:\n    "${A}": ["v1"]\n`,
      app(B),
      `- name: app\n  dmap:\n    "${A}": ["v1"]\n    "${B}": []\n`,
    ],
    [
      'a tag that is there',
      `- name: app\n  dmap:\n    "${A}": ["v1"]\n`,
      app(A, 'v1'),
      `- name: app\n  dmap:\n    "${A}": ["v1"]\n`,
    ],
    [
      'a byte order mark',
      `\uFEFF- name: app\n  dmap:\n    "${A}": ["v1"]\n`,
      app(A, 'v2'),
      `\uFEFF- name: app\n  dmap:\n    "${A}": ["v1", "v2"]\n`,
    ],
    [
      'lists closed at the margin',
      `- name: app\n  dmap:\n    "${A}": [\n"v1"\n]\n`,
      app(D, 'v2'),
      `- name: app\n  dmap:\n    "${A}": [\n"v1"\n]\n    "${D}": ["v2"]\n`,
    ],
  ])('edits %s', (_, text, addition, expected) => {
    expect(edited(text, addition)).toBe(expected);
  });

  it.each([
    ['another tag', { images: [{ name: 'app', digests: [{ digest: A, tags: ['v1', 'v3'] }] }] }],
    ['a missing image', { images: [] }],
    ['another registry', { registries: [{ name: 'x.test', isSource: true }] }],
  ])('throws INTERNAL if the edited file has %s', (_, wrong) => {
    const before = Buffer.from(`- name: app\n  dmap:\n    "${A}": ["v1"]\n`);
    const parse = (bytes: Uint8Array): ParsedProject => {
      const parsed = parseThin('p', { file: 'manifest', bytes: MANIFEST }, { file: 'images', bytes }, undefined);
      if (bytes === before) return parsed;
      return { ...parsed, project: { ...parsed.project, ...wrong } as unknown as Project };
    };
    const edit = (): unknown => addImages({ file: 'images', bytes: before, parse }, [app(A, 'v2')]);
    expect(edit).toThrow('images: the edit would change more than was asked for; the file is unchanged');
  });

  it('edits the images of a plain manifest', () => {
    const text = `images:\n- name: app\n  dmap:\n    "${A}": [v1]\nregistries:\n- {name: s.test, src: true}\n- {name: m.test}\nprovenance:\n  mode: require\n  signers: ["sigstore::https://a.test::b"]\n  builders: [{id: "https://c.test", level: 2}]\n  sources: [a.test/b]\n`;
    const parse = (bytes: Uint8Array) => parsePlain('p', { file: 'p.yaml', bytes }, undefined);
    const result = addImages({ file: 'p.yaml', bytes: Buffer.from(text), parse }, [app(B, 'v2')]);
    expect(Buffer.from(result).toString()).toBe(text.replace('[v1]\n', `[v1]\n    "${B}": [v2]\n`));
  });
});
