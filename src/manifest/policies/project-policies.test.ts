import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { loadManifests } from '../load.ts';
import type { LoadedManifests } from '../manifest.ts';

const A = `sha256:${'a'.repeat(64)}`;
const SIGNER = 'sigstore::https://accounts.google.com::ci@acme.example';
/** Returns a policy on one line, distinguished by its source. */
const policy = (source: string, mode = 'require'): string =>
  `{mode: ${mode}, signers: ["${SIGNER}"], builders: [{id: x, level: 1}], sources: [${source}]}`;

const base = mkdtempSync(path.join(tmpdir(), 'policies-'));
let root = base;
let counter = 0;

const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  writeFileSync(path.join(root, name), text);
};
/** Returns a project with an image of each name, and further lines of its manifest. */
const project = (name: string, source: string, rest = '', images: readonly string[] = ['app']): void => {
  const registries = `registries:\n- {name: ${source}, src: true}\n- {name: prod.test/${name}}\n`;
  write(`manifests/${name}/promoter-manifest.yaml`, registries + rest);
  write(`images/${name}/images.yaml`, images.map((image) => `- name: ${image}\n  dmap:\n    "${A}": [v1]\n`).join(''));
};
const load = (): Promise<LoadedManifests> => loadManifests({ manifests: root });
/** `project image,image policy` of each project that is left. */
const left = ({ projects }: LoadedManifests): readonly string[] =>
  projects.map(
    ({ name, images, policy: own }) =>
      `${name} ${images.map((image) => image.name).join(',')} ${own?.provenance?.sources.join(',') ?? '-'}`,
  );
const said = ({ problems }: LoadedManifests): readonly string[] =>
  problems.map(({ code, message, hint, position: { file, line } }) =>
    `${code} ${path.relative(root, file)}:${line} ${message}; ${hint}`.replaceAll(`${root}/`, ''),
  );

beforeEach(() => {
  counter += 1;
  root = path.join(base, String(counter));
  mkdirSync(root);
});
afterAll(() => rmSync(base, { recursive: true }));

describe('src/manifest/policies/project-policies.ts', () => {
  it('applies the policy of a tree to projects without their own and without a key there', async () => {
    for (const [name, rest] of [['default'], ['manifest', `provenance: ${policy('m')}`], ['named'], ['other']] as const)
      project(name, `stage.test/${name}`, rest);
    write(
      'promoter-policy.yaml',
      [
        `provenance: ${policy('d')}`,
        'artifactTypes: [a/b]',
        'vulnerabilities: {threshold: 4}',
        'projects:',
        `  named: {provenance: ${policy('n')}, vulnerabilities: {}}`,
        '  other: {artifactTypes: []}',
      ].join('\n'),
    );
    const loaded = await load();
    expect(said(loaded)).toEqual([]);
    expect(left(loaded)).toEqual(['default app d', 'manifest app m', 'named app n', 'other app d']);
    const rest = loaded.projects.map(({ policy: own }) => [own?.artifactTypes?.types, own?.vulnerabilities?.threshold]);
    expect(rest).toEqual([
      [['a/b'], 4],
      [['a/b'], 4],
      [['a/b'], undefined],
      [[], 4],
    ]);
    expect(loaded.policies?.map(({ source, provenance }) => `${source} ${provenance.sources[0]}`)).toEqual([
      'stage.test/default d',
      'stage.test/manifest m',
      'stage.test/named n',
      'stage.test/other d',
    ]);
  });

  it('reads the file beside a thin manifest folder, and none for a plain manifest', async () => {
    project('one', 'stage.test/one');
    write('promoter-policy.yaml', `provenance: ${policy('d')}`);
    expect(left(await loadManifests({ thinManifestDir: root }))).toEqual(['one app d']);
    const manifest = path.join(root, 'manifests/one/promoter-manifest.yaml');
    expect((await loadManifests({ manifest })).projects[0]).not.toHaveProperty('policy');
  });

  it('excludes only the project with an unreadable policy', async () => {
    project('bad', 'stage.test/bad', 'provenance: {mode: maybe}');
    project('good', 'stage.test/good');
    const loaded = await load();
    expect(left(loaded)).toEqual(['good app -']);
    expect(said(loaded)).toEqual([
      expect.stringMatching(/^POLICY_INVALID manifests\/bad\/promoter-manifest.yaml:4 "mode" is "maybe"/),
    ]);
  });

  it('excludes a project whose entry in the policy file is unreadable', async () => {
    project('bad', 'stage.test/bad');
    project('good', 'stage.test/good');
    write('promoter-policy.yaml', 'projects:\n  bad: {provenence: {}}\n');
    const loaded = await load();
    expect(left(loaded)).toEqual(['good app -']);
    expect(said(loaded)).toEqual([expect.stringContaining('promoter-policy.yaml:2 the project "bad" has the unknown')]);
  });

  it.each([
    ['promoter-policy.yaml', 'provenance: {mode: maybe}', 'is "maybe"'],
    ['promoter-policy.yaml', 'a: [', 'not valid YAML'],
    ['promoter-policy.yml', 'provenance: {}', 'nothing reads a policy of this name; name it promoter-policy.yaml'],
  ])('promotes nothing of a tree whose %s (%s) cannot be used', async (name, text, words) => {
    project('one', 'stage.test/one');
    project('two', 'stage.test/two');
    write(name, text);
    const loaded = await load();
    expect(left(loaded)).toEqual([]);
    expect(said(loaded)).toHaveLength(1);
    expect(said(loaded)[0]).toContain(words);
    expect(said(loaded)[0]).toMatch(/until then no project of this tree is promoted$/);
  });

  it('reports unknown projects, and excludes the project with a similar name', async () => {
    project('kubernetes', 'stage.test/kubernetes');
    project('etcd', 'stage.test/etcd');
    project('etcd2', 'stage.test/etcd2');
    write('promoter-policy.yaml', 'projects:\n  kubernets: {}\n  etcd: {}\n  long-gone: {}\n');
    const loaded = await load();
    expect(left(loaded)).toEqual(['etcd app -', 'etcd2 app -']);
    expect(said(loaded)).toEqual([
      expect.stringContaining(
        'promoter-policy.yaml:2 there is no project "kubernets" beside this policy; write "kubernetes"',
      ),
      expect.stringContaining('promoter-policy.yaml:4 there is no project "long-gone" beside this policy; remove it'),
    ]);
  });

  it('refuses a project that has a policy in both files', async () => {
    project('one', 'stage.test/one', `provenance: ${policy('m')}`);
    write('promoter-policy.yaml', `projects: {one: {provenance: ${policy('n')}}}`);
    const loaded = await load();
    expect(left(loaded)).toEqual([]);
    expect(said(loaded)).toEqual([
      expect.stringMatching(
        /promoter-manifest.yaml:4 the project one has a provenance policy here and in promoter-policy.yaml:1; keep one/,
      ),
    ]);
  });

  it('refuses manifests that share a source registry and have different policies, naming both', async () => {
    project('one', 'stage.test/shared', `provenance: ${policy('m')}`);
    project('same', 'stage.test/shared', `provenance: ${policy('m')}`);
    project('none', 'stage.test/shared');
    project('other', 'stage.test/other');
    const loaded = await load();
    expect(left(loaded)).toEqual(['other app -']);
    const [none, one, same] = ['none', 'one', 'same'].map((name) => `manifests/${name}/promoter-manifest.yaml`);
    expect(said(loaded).map((line) => line.replace(/ share .*/, ''))).toEqual([
      `POLICY_INVALID ${none}:2 ${none} and ${one}`,
      `POLICY_INVALID ${one}:4 ${one} and ${none}`,
      `POLICY_INVALID ${same}:4 ${same} and ${none}`,
    ]);
  });

  it.each([
    ['are equal', policy('m'), policy('m')],
    ['are off in their own ways', '{mode: off, sources: [a]}', '{}'],
  ])('lets manifests share a source registry that %s', async (_, first, second) => {
    project('one', 'stage.test/shared', `provenance: ${first}`);
    project('two', 'stage.test/shared', `provenance: ${second}`);
    expect(said(await load())).toEqual([]);
  });

  it('does not promote an image of another project on which an unreadable policy applies', async () => {
    project('parent', 'stage.test/p', 'provenance: {mode: maybe}');
    project('child', 'stage.test/p/child');
    project('sibling', 'stage.test/p2');
    project('above', 'stage.test', '', ['x', 'p/y', 'p/z']);
    const loaded = await load();
    expect(left(loaded)).toEqual(['above x -', 'child  -', 'sibling app -']);
    expect(said(loaded)).toEqual([
      expect.stringContaining('"mode" is "maybe"'),
      expect.stringMatching(/images\/above\/images.yaml:4 p\/y and 1 more: the policy of stage.test\/p applies here/),
      expect.stringMatching(
        /images\/child\/images.yaml:1 app: the policy of stage.test\/p applies here, and that of manifests\/parent\/promoter-manifest.yaml cannot/,
      ),
    ]);
  });

  it('keeps the policy of a project that cannot be promoted', async () => {
    project('parent', 'stage.test/p', `provenance: ${policy('m')}`);
    write('images/parent/images.yaml', 'no: list');
    const { projects, policies } = await load();
    expect(projects).toEqual([]);
    expect(policies).toMatchObject([{ project: 'parent', source: 'stage.test/p', provenance: { mode: 'require' } }]);
  });

  it.each(['promoter-policy.yaml', 'manifests/promoter-policy.yaml', 'images/one/promoter-policy.yaml'])(
    'tells of a policy at tree-above/%s, where nothing reads it',
    async (place) => {
      const isAbove = place === 'promoter-policy.yaml';
      write(place, 'provenance: {}');
      if (isAbove) root = path.join(root, 'tree');
      project('one', 'stage.test/one');
      if (isAbove) root = path.dirname(root);
      expect(said(await load())).toEqual([
        expect.stringMatching(new RegExp(`^MANIFEST_INVALID ${place}:1 nothing reads this policy here; move it`)),
      ]);
    },
  );

  it('applies the policy of a manifest without its images file, and reports the other problems of that manifest', async () => {
    project('child', 'stage.test/p/child');
    const registries = 'registries:\n- {name: stage.test/p, src: true}\n- {name: prod.test/p}\n';
    write('manifests/parent/promoter-manifest.yaml', `${registries}provenance: ${policy('p')}\n`);
    write('manifests/typo/promoter-manifest.yaml', 'registries:\n- {nam: x}\n');
    const loaded = await load();
    expect(left(loaded)).toEqual(['child app -']);
    expect(loaded.policies).toMatchObject([
      { project: 'parent', source: 'stage.test/p', provenance: { mode: 'require' } },
    ]);
    expect(said(loaded).map((line) => line.replace(/;.*/, ''))).toEqual([
      'MANIFEST_INVALID manifests/parent/promoter-manifest.yaml:1 its images file images/parent/images.yaml is missing',
      'MANIFEST_INVALID manifests/typo/promoter-manifest.yaml:1 its images file images/typo/images.yaml is missing',
      'MANIFEST_INVALID manifests/typo/promoter-manifest.yaml:2 a registry has the unknown key "nam"',
    ]);
  });
});
