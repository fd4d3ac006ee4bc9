import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orSkip, requireProgram } from '../support/programs.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { startDistributions, type RealRegistry } from '../support/real-registries.ts';
import { buildImage, buildMultiPlatform, pushImage } from '../support/registry/images.ts';

const PATH = `import-${Date.now()}`;
const folder = mkdtempSync(join(tmpdir(), 'kpromo-import-'));
let registries: readonly RealRegistry[] = [];
let [from, to]: [string, string] = ['', ''];
const digests = new Map<string, string>();

beforeAll(async () => {
  registries = await startDistributions(2);
  [from, to] = registries.map(({ address }) => address) as [string, string];
  const push = async (
    name: string,
    seed: number,
    tags: readonly string[],
    platforms?: readonly string[],
  ): Promise<void> => {
    const image = platforms === undefined ? buildImage({ seed }) : buildMultiPlatform({ seed }, [...platforms]);
    const { digest } = await pushImage(`http://${from}`, `${PATH}/${name}`, image, [...tags]);
    for (const tag of tags) digests.set(`${name}:${tag}`, digest);
  };
  await push('web', 1, ['1.0.0', '1.0'], ['linux/amd64', 'linux/arm64']);
  await push('web', 2, ['1.1.0', 'latest'], ['linux/amd64', 'linux/arm64']);
  await push('web', 3, ['2.0.0-rc.1']);
  await push('tools/cli', 4, ['3.10']);
  await push('tools/old', 5, ['7', '7.10']);
  await push('tools/old', 6, ['7.1']);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all(registries.map((registry) => registry.stop()));
});

/** Checks a tree: valid, and nothing to do. */
async function expectNothingToDo(tree: string): Promise<void> {
  expect(await kpromo(['validate', tree])).toMatchObject({ code: 0 });
  const run = await kpromo(['cip', '--manifests', tree, '--dry-run', '--sign=false']);
  expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('in the manifests, nothing to promote; ')]);
}

describe('kpromo import of files that real programs have synchronized', () => {
  it('writes a tree of a file of regsync with which there is nothing to do', async (test) => {
    const regsync = await orSkip(test, () => requireProgram('regsync'));
    const file = join(folder, 'regsync.yml');
    const text = [
      'version: 1',
      'creds:',
      ...[from, to].map((host) => `  - { registry: "${host}", tls: disabled }`),
      'defaults: { parallel: 2, interval: 60m }',
      'x-common: &common { type: repository }',
      'sync:',
      `  - source: ${from}/${PATH}/web`,
      `    target: '${to}/hub/{{ index (split .Sync.Source "/") 1 }}/web'`,
      '    <<: *common',
      '    tags: { semverRange: [">=1.0 <2"], deny: ["1\\\\.1.*"] }',
      `  - { source: "${from}/${PATH}/web:latest", target: "${to}/hub/${PATH}/web:stable", type: image }`,
      `  - { source: "${from}/${PATH}/tools/cli", target: "${to}/hub/${PATH}/tools/cli", type: repository, tags: { allow: ["3.10"] } }`,
      // without quotes this is the number 3.1 to regsync
      `  - { source: "${from}/${PATH}/tools/old", target: "${to}/hub/${PATH}/tools/old", type: repository, tags: { allow: [7.10] } }`,
      `  - { source: "${from}/${PATH}/web:1.1.0", target: "${to}/single/${PATH}/web:1.1.0", type: image, platform: linux/arm64 }`,
      '',
    ].join('\n');
    writeFileSync(file, text);
    const synced = spawnSync(regsync, ['once', '--config', file], { encoding: 'utf8' });
    expect([synced.status, synced.stderr]).toEqual([0, expect.not.stringContaining('level=ERROR')]);
    const tree = join(folder, 'regsync');
    const run = await kpromo(['import', 'regsync', file, '--output', tree]);
    expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining('level=error')]);
    const images = readFileSync(join(tree, 'images', from.replace(':', '-'), 'images.yaml'), 'utf8');
    const entry = (ref: string, tags: string): string => `    "${digests.get(ref)}": [${tags}]\n`;
    expect(images).toBe(
      `- name: ${PATH}/tools/cli\n  dmap:\n${entry('tools/cli:3.10', '"3.10"')}` +
        `- name: ${PATH}/tools/old\n  dmap:\n${entry('tools/old:7.1', '"7.1"')}` +
        `- name: ${PATH}/web\n  dmap:\n${entry('web:1.0.0', '"1.0", "1.0.0"')}${entry('web:2.0.0-rc.1', '"2.0.0-rc.1"')}${entry('web:latest', '"stable"')}`,
    );
    await expectNothingToDo(tree);
    const again = await kpromo(['import', 'regsync', file, '--output', tree]);
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringContaining('nothing to add; 7 tags were there already'),
    ]);
  });

  it.for([
    { name: 'all platforms', flags: ['--all'] },
    { name: 'the own platform', flags: [] },
  ])(
    'writes a tree of a file of skopeo sync with $name with which there is nothing to do',
    async ({ name, flags }, test) => {
      const skopeo = await orSkip(test, () => requireProgram('skopeo'));
      const file = join(folder, 'skopeo.yml');
      const text = [
        `${from}:`,
        '  tls-verify: false',
        '  images:',
        `    ${PATH}/tools/cli: []`,
        `    ${PATH}/tools/old: ["7"]`,
        '  images-by-tag-regex:',
        `    ${PATH}/web: ^1\\.[01]`,
        '',
      ].join('\n');
      writeFileSync(file, text);
      const destination = `${to}/mirror-${flags.length}/${PATH}`;
      // the layers of these images are not compressed: skopeo would compress them, and so change the digests
      const args = [
        'sync',
        '--preserve-digests',
        '--src=yaml',
        '--dest=docker',
        '--dest-tls-verify=false',
        ...flags,
        file,
        destination,
      ];
      const synced = spawnSync(skopeo, ['--insecure-policy', ...args], { encoding: 'utf8' });
      expect([synced.status, synced.stderr]).toEqual([0, expect.anything()]);
      const tree = join(folder, `skopeo-${flags.length}`);
      const run = await kpromo(['import', 'skopeo', file, '--destination', destination, '--output', tree]);
      expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('5 tags added')]);
      expect(run.stdout.includes('one platform of an index')).toBe(name === 'the own platform');
      await expectNothingToDo(tree);
    },
  );
});
