import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { isPromotionError } from '../errors.ts';
import { IMAGES, MANIFEST, project, writeFiles } from '../../test/support/manifest-tree.ts';
import { loadManifests, type LoadRequest } from './load.ts';

const base = mkdtempSync(path.join(tmpdir(), 'manifests-'));
let root = base;
let counter = 0;

/** Writes files below the root of the test. */
const write = (files: Readonly<Record<string, string>>): void => writeFiles(root, files);
const load = async (
  request: LoadRequest = { manifests: root },
): Promise<{ projects: string[]; problems: string[] }> => {
  const { projects, problems } = await loadManifests(request);
  return {
    projects: projects.map(({ name }) => name),
    problems: problems.map(({ code, message, hint, position }) =>
      `${code} ${path.relative(root, position.file)}: ${message}; ${hint}`.replaceAll(`${root}/`, ''),
    ),
  };
};
const isUsage = (error: unknown): boolean => isPromotionError(error, 'USAGE');

beforeEach(() => {
  counter += 1;
  root = path.join(base, String(counter));
  mkdirSync(root);
});
afterAll(() => rmSync(base, { recursive: true }));

describe('src/manifest/load', () => {
  it('names files as the user typed them', async () => {
    write(project('k8s.io/registry.k8s.io', 'foo'));
    const typed = path.relative(process.cwd(), root);
    const { projects } = await loadManifests({ manifests: `./${typed}/k8s.io/` });
    expect(projects[0]?.manifestFile).toBe(`${typed}/k8s.io/registry.k8s.io/manifests/foo/promoter-manifest.yaml`);
    expect(projects[0]?.images[0]?.position.file).toBe(`${typed}/k8s.io/registry.k8s.io/images/foo/images.yaml`);
  });

  it('finds every tree below a folder and no other YAML', async () => {
    write({
      ...project('k8s.io/registry.k8s.io', 'one'),
      ...project('k8s.io/registry.k8s.io', 'two'),
      ...project('other', 'three'),
      ...project('node_modules/package', 'no'),
      ...project('.git/worktree', 'no'),
      'k8s.io/registry.k8s.io/images/OWNERS': 'approvers: []',
      'k8s.io/registry.k8s.io/images/empty/OWNERS': '',
      'k8s.io/registry.k8s.io/manifests/empty/README.md': '',
      'k8s.io/artifacts/manifests/files/1.0.yaml': 'files: []',
      'k8s.io/artifacts/manifests/promoter-manifest.yaml': 'files: []',
      'app/images/logo.png': '',
      'app/manifests/deployment.yaml': 'kind: Deployment',
    });
    const request = { manifests: root, allTrees: true };
    expect(await load(request)).toEqual({ projects: ['one', 'two', 'three'], problems: [] });
  });

  it('asks for one of several trees, by name', async () => {
    write({ ...project('registry', 'one'), ...project('old/registry', 'two'), ...project('old', 'three') });
    const { projects, problems } = await loadManifests({ manifests: root });
    const place = (name: string): string => path.join(root, name);
    expect([projects, problems]).toMatchObject([
      [],
      [
        {
          code: 'MANIFEST_NOT_FOUND',
          message: `${root} holds 3 trees of manifests: ${['old', 'old/registry', 'registry'].map(place).join(', ')}`,
          hint: `name the intended one, or read all of them with --all-trees; --thin-manifest-dir ${place('old')} reads that one without those below`,
        },
      ],
    ]);
    expect(await load({ manifests: place('registry') })).toEqual({ projects: ['one'], problems: [] });
    expect(await load({ thinManifestDir: place('old') })).toEqual({ projects: ['three'], problems: [] });
  });

  it('takes a tree, and one that was named as such', async () => {
    write(project('', 'foo'));
    expect(await load()).toEqual({ projects: ['foo'], problems: [] });
    expect(await load({ thinManifestDir: root })).toEqual({ projects: ['foo'], problems: [] });
  });

  it('does not look for trees below the one that was named', async () => {
    write({ ...project('', 'foo'), ...project('below', 'bar') });
    expect(await load({ thinManifestDir: root })).toEqual({ projects: ['foo'], problems: [] });
  });

  it('takes a plain manifest, ignoring its imagesPath', async () => {
    write({ 'plain.yaml': `${MANIFEST}imagesPath: x\nimages:\n${IMAGES}` });
    const file = path.join(root, 'plain.yaml');
    for (const request of [{ manifests: file }, { manifest: file }]) {
      const { projects, problems } = await loadManifests(request);
      expect(problems).toEqual([]);
      expect(projects).toMatchObject([{ name: file, manifestFile: file, imagesFile: file, images: [{ name: 'foo' }] }]);
    }
  });

  it('excludes only the broken project', async () => {
    write({
      ...project('', 'bad'),
      ...project('', 'good'),
      ...project('', 'ugly'),
      'images/bad/images.yaml': '- name: [',
      'manifests/ugly/promoter-manifest.yaml': 'registries: []',
    });
    const { projects, problems } = await load();
    expect(projects).toEqual(['good']);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'MANIFEST_INVALID images/bad/images.yaml',
      'MANIFEST_INVALID manifests/ugly/promoter-manifest.yaml',
    ]);
  });

  it('reports halves of projects and misplaced files with the right path', async () => {
    write({
      ...project('', 'good'),
      'manifests/half/promoter-manifest.yaml': MANIFEST,
      'images/orphan/images.yaml': IMAGES,
      'images/swapped/promoter-manifest.yaml': MANIFEST,
      'images/swapped/images.yaml': IMAGES,
      'manifests/deep/er/promoter-manifest.yaml': MANIFEST,
      'manifests/promoter-manifest.yaml': MANIFEST,
      'manifests/good/images.yaml': IMAGES,
    });
    const { projects, problems } = await load();
    expect(projects).toEqual(['good']);
    expect(problems.toSorted()).toEqual([
      'MANIFEST_INVALID images/orphan/images.yaml: these images belong to no manifest; add manifests/orphan/promoter-manifest.yaml',
      'MANIFEST_INVALID images/swapped/images.yaml: these images belong to no manifest; move images/swapped/promoter-manifest.yaml to manifests/swapped/promoter-manifest.yaml',
      'MANIFEST_INVALID images/swapped/promoter-manifest.yaml: nothing reads this file here; move it to manifests/swapped/promoter-manifest.yaml',
      'MANIFEST_INVALID manifests/deep/er/promoter-manifest.yaml: nothing reads this file here; move it to manifests/er/promoter-manifest.yaml',
      'MANIFEST_INVALID manifests/good/images.yaml: nothing reads this file here; move it to images/good/images.yaml',
      'MANIFEST_INVALID manifests/half/promoter-manifest.yaml: its images file images/half/images.yaml is missing; add images/half/images.yaml, or remove this manifest',
      'MANIFEST_INVALID manifests/promoter-manifest.yaml: nothing reads this file here; move it to manifests/<project>/promoter-manifest.yaml',
    ]);
  });

  it('says where a manifest belongs when none stands there', async () => {
    write({ 'images/foo/promoter-manifest.yaml': MANIFEST, 'images/foo/images.yaml': IMAGES, 'manifests/README': '' });
    const { projects, problems } = await load();
    expect(projects).toEqual([]);
    expect(problems).toHaveLength(2);
    expect(problems.join('\n')).toContain('move it to manifests/foo/promoter-manifest.yaml');
  });

  it('follows links inside the root and no others', async () => {
    const outside = path.join(base, `outside-${counter}`);
    mkdirSync(path.join(outside, 'tree/images/x'), { recursive: true });
    mkdirSync(path.join(outside, 'tree/manifests/x'), { recursive: true });
    writeFileSync(path.join(outside, 'tree/manifests/x/promoter-manifest.yaml'), MANIFEST);
    writeFileSync(path.join(outside, 'tree/images/x/images.yaml'), IMAGES);
    write({
      ...project('tree', 'own'),
      'shared/promoter-manifest.yaml': MANIFEST,
      'tree/images/inside/images.yaml': IMAGES,
      'tree/manifests/file/promoter-manifest.yaml': MANIFEST,
    });
    mkdirSync(path.join(root, 'tree/images/file'));
    symlinkSync(path.join(outside, 'tree'), path.join(root, 'link'));
    symlinkSync('../../shared', path.join(root, 'tree/manifests/inside'));
    symlinkSync(path.join(outside, 'tree/manifests/x'), path.join(root, 'tree/manifests/left'));
    symlinkSync(path.join(outside, 'tree/images/x/images.yaml'), path.join(root, 'tree/images/file/images.yaml'));
    expect(await load()).toEqual({
      projects: ['inside', 'own'],
      problems: [
        'MANIFEST_INVALID tree/manifests/left: this link leaves the tree; put the folder itself in its place',
        'MANIFEST_INVALID tree/images/file/images.yaml: a link leaves the tree; put the file itself in its place',
      ],
    });
  });

  it('ends although links form a circle', async () => {
    write(project('tree', 'own'));
    symlinkSync('..', path.join(root, 'tree/up'));
    symlinkSync('../..', path.join(root, 'tree/images/up'));
    symlinkSync('self', path.join(root, 'tree/manifests/self'));
    expect(await load()).toEqual({ projects: ['own'], problems: [] });
  });

  it('takes the root itself through a link', async () => {
    write(project('tree', 'own'));
    symlinkSync('tree', path.join(root, 'link'));
    expect((await load({ manifests: path.join(root, 'link') })).projects).toEqual(['own']);
  });

  it('reports a path that is not a file', async () => {
    write({
      ...project('', 'good'),
      'manifests/folder/promoter-manifest.yaml': MANIFEST,
      'images/folder/images.yaml/x': '',
      'manifests/pipe/promoter-manifest.yaml': MANIFEST,
    });
    mkdirSync(path.join(root, 'images/pipe'));
    execFileSync('mkfifo', [path.join(root, 'images/pipe/images.yaml')]);
    const { projects, problems } = await load();
    expect(projects).toEqual(['good']);
    expect(problems).toEqual([
      'MANIFEST_INVALID images/folder/images.yaml: this is not a file; put a YAML file in its place',
      'MANIFEST_INVALID images/pipe/images.yaml: this is not a file; put a YAML file in its place',
    ]);
  });

  it.each(['/dev/zero', '/proc/self/environ', '/etc/hostname'])(
    'reads nothing from %s, to which a link leads',
    async (target) => {
      write({ ...project('', 'good'), 'manifests/link/promoter-manifest.yaml': MANIFEST });
      mkdirSync(path.join(root, 'images/link'));
      symlinkSync(target, path.join(root, 'images/link/images.yaml'));
      symlinkSync(target, path.join(root, 'promoter-policy.yaml'));
      const { problems } = await load();
      expect(problems).toEqual(
        expect.arrayContaining([
          expect.stringContaining('images/link/images.yaml: a link leaves the tree'),
          expect.stringMatching(/^\w+ promoter-policy.yaml: .*leaves the tree/),
        ]),
      );
    },
  );

  it('refuses a file that is far too large', async () => {
    write({ ...project('', 'good'), ...project('', 'huge'), 'images/huge/images.yaml': 'x'.repeat(20_000_000) });
    const { projects, problems } = await load();
    expect(projects).toEqual(['good']);
    expect(problems).toEqual([expect.stringContaining('images/huge/images.yaml: the file is larger than')]);
  });

  it('says that nothing was found', async () => {
    write({ 'a/b.yaml': 'x', 'images/x/images.yaml': IMAGES, 'file.yaml': MANIFEST });
    const cases = [
      { manifests: root },
      { thinManifestDir: path.join(root, 'a') },
      { manifests: path.join(root, 'missing') },
      { manifest: path.join(root, 'missing.yaml') },
      { manifest: root },
      { thinManifestDir: path.join(root, 'file.yaml') },
    ];
    for (const request of cases) {
      const { projects, problems } = await loadManifests(request);
      expect(projects).toEqual([]);
      expect(problems.map(({ code, position }) => [code, position.file])).toEqual([
        ['MANIFEST_NOT_FOUND', Object.values(request)[0]],
      ]);
    }
  });

  it('throws for a request that contradicts itself', async () => {
    await expect(loadManifests({})).rejects.toSatisfy(isUsage);
    await expect(loadManifests({ manifests: '' })).rejects.toSatisfy(isUsage);
    await expect(loadManifests({ manifests: root, manifest: root })).rejects.toSatisfy(isUsage);
    await expect(loadManifests({ manifests: root, allowRegistries: ['https://gcr.io'] })).rejects.toSatisfy(isUsage);
  });

  it('takes out the projects with a registry that is not allowed', async () => {
    write({
      ...project('', 'good'),
      ...project('', 'bad'),
      'manifests/bad/promoter-manifest.yaml': MANIFEST.replace('gcr.io/b', 'evil.example/b'),
    });
    const { projects, problems } = await load({ manifests: root, allowRegistries: ['gcr.io/**'] });
    expect(projects).toEqual(['good']);
    expect(problems).toEqual([expect.stringContaining('REGISTRY_NOT_ALLOWED manifests/bad/promoter-manifest.yaml')]);
  });
});
