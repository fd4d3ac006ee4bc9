import { describe, expect, it } from 'vitest';
import { importWorld, type ImportWorld } from '../support/import-world.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { buildImage, buildMultiPlatform, storeImage } from '../support/registry/images.ts';

const [A, B] = ['A', 'B'].map(digestOfLabel) as [string, string];
const projectOf = ({ source }: ImportWorld): string => `${source.host.replace(':', '-')}-staging`;
const rule = (more: string): string =>
  `sync:\n- { source: SOURCE/staging/web, target: TARGET/prod/web, type: repository, ${more} }\n`;

describe('kpromo import regsync: what a rule selects', () => {
  it.each([
    ['allow and deny', 'tags: { allow: ["v.*"], deny: [".*-rc.*"] }', ['v1', 'v2']],
    [
      'a pattern with an alternative, of which each part is bound at one end',
      'tags: { allow: ["v1|e"] }',
      ['edge', 'v1', 'v1-rc1'],
    ],
    ['several sets', 'tagSets: [{ allow: [v2] }, { semverRange: ["<1.5"] }]', ['v1', 'v1-rc1', 'v2']],
    ['nothing', 'tags: {}', ['edge', 'v1', 'v1-rc1', 'v2']],
  ])('takes the tags of %s', async (_, more, tags) => {
    const world = await importWorld();
    world.hold(world.source, 'staging/web', { A: ['v1', 'v1-rc1', 'v2', 'edge'] });
    expect((await world.load('regsync', rule(more))).code).toBe(0);
    const text = await world.images(projectOf(world));
    expect([...text.matchAll(/"([\w.-]+)"/g)].map(([, tag = '']) => tag).toSorted()).toEqual(tags);
  });

  it('takes the manifest of a platform instead of the index, and refuses one that the index lacks', async () => {
    const world = await importWorld();
    const index = buildMultiPlatform({ seed: 710 }, ['linux/amd64', 'linux/arm64']);
    storeImage(world.source.store, 'staging/web', index, ['v1']);
    expect((await world.load('regsync', rule('platform: linux/arm64/v8'))).code).toBe(0);
    expect(await world.images(projectOf(world))).toContain(index.children[1]?.manifest.descriptor.digest);
    const { code, stdout } = await world.load('regsync', rule('platform: linux/s390x'));
    expect([code, stdout]).toEqual([1, expect.stringMatching(/NOT_FOUND\n.*has no platform linux\/s390x/)]);
  });

  it('leaves out media types that regsync does not copy', async () => {
    const world = await importWorld();
    world.hold(world.source, 'staging/web', { A: ['v1'] });
    const docker = buildImage({ seed: 720, format: 'docker' });
    storeImage(world.source.store, 'staging/web', docker, ['v2']);
    const type = docker.manifest.descriptor.mediaType;
    const { code, stdout } = await world.load('regsync', rule(`mediaTypes: ["${type}"]`));
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 tag of SOURCE/staging/web with a media type')]);
    expect(await world.images(projectOf(world))).not.toContain(A);
  });

  it('takes a digest of an image, and evaluates templates with the environment', async () => {
    const world = await importWorld();
    world.hold(world.source, 'staging/web', { B: ['v1'] });
    const text = `sync: [{ source: "SOURCE/staging/web@${B}", target: 'TARGET/{{ env "PLACE" }}/web:v9', type: image }]`;
    expect((await world.load('regsync', text, [], { PLACE: 'prod' })).code).toBe(0);
    expect(await world.images(projectOf(world))).toBe(`- name: web\n  dmap:\n    "${B}": ["v9"]\n`);
  });

  it('notes that latest stays, and a pattern that selects nothing', async () => {
    const world = await importWorld();
    world.hold(world.source, 'staging/web', { A: ['latest'] });
    const { code, stdout } = await world.load('regsync', rule(''));
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^sync\.yml:2:3 {2}note\n {4}TARGET\/prod\/web:latest stays/m),
    ]);
    const none = await world.load('regsync', rule('tags: { allow: [nothing] }'));
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('has no tag that is selected')]);
    expect(none.stdout).toContain('tree: nothing to add');
  });

  it('writes the tags of a target that cannot be read, and says that they may move', async () => {
    const world = await importWorld();
    world.hold(world.source, 'staging/web', { A: ['v1'] });
    const text = rule('').replace('TARGET', '127.0.0.1:1');
    const { code, stdout } = await world.load('regsync', text, ['--retries=0']);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/NETWORK\n {4}whether tags of 127\.0\.0\.1:1\/prod\/web would move is unknown/),
    ]);
    expect(await world.images(projectOf(world))).toContain(A);
  });
});
