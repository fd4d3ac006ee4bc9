import { describe, expect, it } from 'vitest';
import { findDisputes } from '../plan/disputes.ts';
import { wantedBy } from '../plan/desired/wanted.ts';
import { findTrees } from './discover.ts';
import type { FileSource } from './file-source.ts';
import { parseThin, type ParsedProject } from './parse.ts';
import { completePolicies, type InTree } from './policies/project-policies.ts';
import { parseTreePolicy } from './policies/tree-policy.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const each = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('');
const digest = (index: number): string => `sha256:${String(index).padStart(64, '0')}`;
const registries = (mirrors: number): string =>
  `registries:\n- {name: s.test/x, src: true}\n${each(mirrors, (index) => `- {name: m${index}.test}\n`)}`;
const parse = (images: string, manifest = registries(1), name = 'app'): ParsedProject =>
  parseThin(
    name,
    { file: `manifests/${name}/promoter-manifest.yaml`, bytes: bytes(manifest) },
    { file: 'i.yaml', bytes: bytes(images) },
    undefined,
  );
const messages = ({ problems }: Pick<ParsedProject, 'problems'>): readonly string[] =>
  problems.map(({ message }) => message);

describe('manifests that are all mistakes', () => {
  it('report a thousand problems, count the rest, and exclude the project if one of those does', () => {
    const entries = each(5000, (index) => `    "x${index}": []\n`);
    const lax = parse(`- name: app\n  dmap:\n${entries}    "${digest(1)}": [v1]\n`);
    expect([lax.problems.length, messages(lax).at(-1)]).toEqual([1001, '4,000 more problems from here on']);
    expect(lax.project?.images[0]?.digests).toHaveLength(1);
    const bad = parse(`- name: app\n  dmap:\n${entries}- {oops: 1}\n`);
    expect([bad.project, bad.problems.at(-1)?.code]).toEqual([undefined, 'MANIFEST_INVALID']);
  });

  it('report a thousand disputed tags, and count the rest', () => {
    const tags = each(3000, (index) => `v${index}, `);
    const { project } = parse(`- name: app\n  dmap:\n    "${digest(1)}": [${tags}]\n    "${digest(2)}": [${tags}]\n`);
    const found = findDisputes(wantedBy(project === undefined ? [] : [project])).failures;
    expect([found.length, found.at(-1)?.message]).toEqual([1001, '2,000 more tags are wanted for several digests']);
    const many = parse(`- name: app\n  dmap:\n${each(500, (index) => `    "${digest(index)}": [v]\n`)}`);
    const [one] = findDisputes(wantedBy(many.project === undefined ? [] : [many.project])).failures;
    expect(one?.message).toMatch(/ and 480 more$/);
  });

  it('ask for no more repositories than can be worked on', () => {
    const images = each(1001, (index) => `- {name: a${index}, dmap: {"${digest(index)}": []}}\n`);
    expect(parse(images, registries(22)).project?.images).toHaveLength(1001);
    expect(messages(parse(images, registries(300)))).toEqual([
      'its images would go to 300,300 repositories, more than 300,000',
    ]);
  });

  it('refuse registries of any length without matching them again and again', () => {
    const slashes = '/'.repeat(1_000_000);
    const written = `registries:\n- {name: "s.test/a${slashes}b", src: true}\n- {name: m.test${slashes}}\n`;
    expect(messages(parse('[]', written))).toEqual([expect.stringContaining('is longer than 255 characters')]);
  });

  it('compile expressions of signers up to a size, counts included', () => {
    const asking = (signers: string): readonly string[] =>
      messages(parse('[]', `${registries(1)}provenance: {mode: "off", signers: [${signers}]}\n`));
    const signer = (expression: string): string =>
      `"sigstore(identityMatch=regex)::https://issuer.test::${expression}", `;
    expect(asking(each(100, (index) => signer(`https://github.com/acme/${index}/.*`)))).toEqual([]);
    expect(asking(signer('a'.repeat(600_000)))).toEqual([expect.stringContaining('too many, or too long')]);
    expect(asking(each(20, () => signer(`${'a'.repeat(100)}(b){999}`)))).not.toEqual([]);
    expect(asking(each(201, () => '"sigstore::a::b", '))).toEqual(['"signers" has 201 entries']);
  });
});

describe('a policy of a tree that is all mistakes', () => {
  const inTree = (text: string, ...names: readonly string[]): readonly InTree[] => {
    const tree = parseTreePolicy({ file: 'promoter-policy.yaml', bytes: bytes(text) });
    return names.map((name) => ({ parsed: parse('[]', registries(1), name), tree }));
  };

  it('excludes every project if it has more problems than are reported', () => {
    const loaded = completePolicies(inTree(`projects:\n${each(5000, (index) => `  p${index}: {oops: 1}\n`)}`, 'other'));
    expect([loaded.projects, loaded.problems.length]).toEqual([[], 1001]);
    expect(loaded.problems.at(-1)).toMatchObject({
      code: 'POLICY_INVALID',
      message: '4,000 more problems from here on',
    });
  });

  it('holds back every project if it names too many that there are not', () => {
    const names = each(20_000, (index) => `  ${'x'.repeat(100)}${index}: {}\n`);
    const others = Array.from({ length: 100 }, (_, index) => `project-number-${index}-of-this-tree`);
    const loaded = completePolicies(inTree(`projects:\n${names}`, ...others));
    expect([loaded.projects, loaded.problems.length]).toEqual([[], 1001]);
    // so few are looked through
    expect(completePolicies(inTree('projects: {aap: {}}', 'app', 'other')).projects.map(({ name }) => name)).toEqual([
      'other',
    ]);
  });
});

describe('a tree of 130,000 folders', () => {
  const files = (top: string, inside: readonly string[]): FileSource => ({
    list: (folder) => {
      const names =
        folder === ''
          ? ['images', 'manifests']
          : folder === top
            ? Array.from({ length: 130_000 }, (_, index) => `p${index}`)
            : [];
      const folders = names.map((name) => ({ name, kind: 'folder' as const, isLink: false }));
      const found = folder.startsWith(`${top}/`)
        ? inside.map((name) => ({ name, kind: 'file' as const, isLink: false }))
        : [];
      return Promise.resolve([...folders, ...found]);
    },
    read: () => Promise.resolve(undefined),
  });

  it.each([
    ['manifests', ['promoter-manifest.yaml'], [130_000, 0]],
    ['manifests', ['promoter-manifest.yml'], [0, 130_000]],
    ['images', ['images.yaml'], [0, 0]],
    ['other', [], [0, 0]],
  ])(
    'is found below %s with %j',
    async (top, inside, expected) => {
      const { projects, problems } = await findTrees(files(top, inside));
      expect([projects.length, problems.length]).toEqual(expected);
    },
    60_000,
  );
});
