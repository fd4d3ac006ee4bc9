import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IMAGES, MANIFEST, project, writeFiles } from '../../test/support/manifest-tree.ts';
import { loadManifests, type LoadRequest } from './load.ts';

let root = '';

const write = (files: Readonly<Record<string, string>>): void => writeFiles(root, files);

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'leftovers-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('src/manifest/load, of what is not promoted', () => {
  const said = async (request: LoadRequest): Promise<{ readonly problems: string[]; readonly warnings: string[] }> => {
    const { problems, warnings = [] } = await loadManifests(request);
    const [one, other] = [problems, warnings].map((all) =>
      all.map(({ code, message, hint, position: { file, line, column } }) =>
        `${code} ${path.relative(root, file)}:${line}:${column} ${message}; ${hint}`.replaceAll(root, '.'),
      ),
    );
    return { problems: one ?? [], warnings: other ?? [] };
  };

  it.each(['promoter-manifest.yaml', 'images.yaml'])('sends who names %s of a tree to the tree', async (name) => {
    write(project('', 'one'));
    const folder = name === 'images.yaml' ? 'images' : 'manifests';
    const file = path.join(root, folder, 'one', name);
    for (const request of [{ manifest: file }, { manifests: file }])
      expect((await said(request)).problems).toEqual([
        `MANIFEST_INVALID ${folder}/one/${name}:1:1 this is one file of the tree .; name the tree: --manifests .`,
      ]);
  });

  it('warns of a list that is empty, alone and beside others', async () => {
    write({ ...project('', 'one'), 'images/one/images.yaml': '# No images yet\n' });
    const empty = 'images/one/images.yaml:1:1 the list of images is empty; add images, or remove the project';
    expect(await said({ manifests: root })).toEqual({ problems: [], warnings: [`NO_EFFECT ${empty}`] });
    write(project('', 'two'));
    expect(await said({ manifests: root })).toEqual({ problems: [], warnings: [`NO_EFFECT ${empty}`] });
  });

  it('keeps an image without digests as a placeholder', async () => {
    write({ ...project('', 'one'), 'images/one/images.yaml': '- name: foo\n  dmap: {}\n' });
    const { projects, problems } = await loadManifests({ manifests: root });
    expect(problems).toEqual([]);
    expect(projects[0]?.images).toMatchObject([{ name: 'foo', digests: [] }]);
  });

  it('refuses a manifest without a destination', async () => {
    write({
      ...project('', 'one'),
      ...project('', 'two'),
      'manifests/one/promoter-manifest.yaml': 'registries:\n- {name: gcr.io/a, src: true}\n',
    });
    const { problems } = await said({ manifests: root });
    expect(problems).toEqual([
      'MANIFEST_INVALID manifests/one/promoter-manifest.yaml:2:1 there is no destination registry, so nothing would be promoted; add to "registries" each registry that gets the images',
    ]);
  });

  it.each([
    ['gcr.io/b/', 'the destination "gcr.io/b" is listed twice; remove it here, or in line 3'],
    ['GCR.io/b', 'the destination "GCR.io/b" is listed twice; remove it here, or in line 3'],
    [
      'Gcr.io/a',
      'the destination "Gcr.io/a" is the source registry: nothing is copied, tags are written there; remove it, unless staging is to be tagged in place',
    ],
  ])('warns of the destination %s', async (name, warning) => {
    write({ ...project('', 'one'), 'manifests/one/promoter-manifest.yaml': `${MANIFEST}- {name: ${name}}\n` });
    expect(await said({ manifests: root })).toEqual({
      problems: [],
      warnings: [`NO_EFFECT manifests/one/promoter-manifest.yaml:4:10 ${warning}`],
    });
  });

  it.each([
    ['manifests/one/promoter-manifest.yml', MANIFEST],
    ['images/one/images.yml', IMAGES],
    ['promoter-policy.yml', ''],
  ])('warns of %s beside the file that is read', async (name, text) => {
    write({ ...project('', 'one'), 'promoter-policy.yaml': 'artifactTypes: []\n', [name]: text });
    const right = path.basename(name).replace('yml', 'yaml');
    expect(await said({ manifests: root })).toEqual({
      problems: [],
      warnings: [`NO_EFFECT ${name}:1:1 nothing reads this file: ${right} beside it is read; remove it`],
    });
  });

  it.each(['manifests/one/promoter-manifest', 'images/one/images'])('asks to rename %s.yml', async (name) => {
    const files = project('', 'one');
    const { [`${name}.yaml`]: text = '', ...others } = files;
    write({ ...others, [`${name}.yml`]: text });
    expect((await said({ manifests: root })).problems).toEqual([
      `MANIFEST_INVALID ${name}.yml:1:1 nothing reads a file of this name; name it ${path.basename(name)}.yaml`,
    ]);
  });
});
