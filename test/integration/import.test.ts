import { readdir, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importWorld } from '../support/import-world.ts';
import { kpromo } from '../support/promotion/cip.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { LISTINGS } from '../support/proposal/world.ts';
import { buildMultiPlatform, storeImage } from '../support/registry/images.ts';

const [A, B, C] = ['A', 'B', 'C'].map(digestOfLabel) as [string, string, string];
const projectOf = (host: string, path = ''): string => `${host.replace(':', '-')}${path}`;

const WEB = `sync:
- source: SOURCE/staging/web
  target: TARGET/prod/web
  type: repository
`;

describe.each(LISTINGS)('kpromo import from a registry with %s', (name, options) => {
  it('writes a valid tree with one list for each repository and one request for each tag', async () => {
    const { load, hold, images, source, target, tree } = await importWorld(options);
    hold(source, 'staging/web', { A: ['1.10', '1.10.0'], B: ['1.9'] });
    hold(source, 'staging/tools/cli', { C: ['v1'] });
    const { code, stdout } = await load(
      'regsync',
      `${WEB}- { source: "SOURCE/staging/tools/cli:v1", target: "TARGET/prod/tools/cli:v2", type: image }\n`,
    );
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 project, 3 digests, 4 tags added')]);
    const project = projectOf(source.host, '-staging');
    expect(await images(project)).toBe(
      `- name: tools/cli\n  dmap:\n    "${C}": ["v2"]\n- name: web\n  dmap:\n    "${B}": ["1.9"]\n    "${A}": ["1.10", "1.10.0"]\n`,
    );
    expect((await kpromo(['validate', tree])).code).toBe(0);
    const asked = source.counters.log.filter(({ path }) => path.includes('/manifests/') || path.includes('/tags/list'));
    // web: a list, and without digests in it 3 tags; tools/cli: its one tag
    expect(asked).toHaveLength(name === 'lists of tags' ? 5 : 2);
    expect(target.counters.log.filter(({ path }) => path.includes('/tags/list'))).toHaveLength(2);
  });

  it('adds only new tags to a tree, and leaves out one that would move in it', async () => {
    const { load, hold, images, source } = await importWorld(options);
    hold(source, 'staging/web', { A: ['v1'] });
    expect((await load('regsync', WEB)).code).toBe(0);
    hold(source, 'staging/web', { B: ['v1', 'v2'] });
    const { code, stdout } = await load('regsync', WEB);
    const project = projectOf(source.host, '-staging');
    expect(await images(project)).toBe(`- name: web\n  dmap:\n    "${A}": ["v1"]\n    "${B}": ["v2"]\n`);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/TAG_MOVE\n.*images\.yaml:3: web:v1 is sha256:.* would become/),
    ]);
  });

  it('leaves out a tag that is another digest at the target, and writes the others', async () => {
    const { load, hold, images, source, target } = await importWorld(options);
    hold(source, 'staging/web', { A: ['v1'], B: ['v2'] });
    hold(target, 'prod/web', { C: ['v1'], B: ['v2'] });
    const { code, stdout, stderr } = await load('regsync', WEB);
    expect(await images(projectOf(source.host, '-staging'))).toBe(`- name: web\n  dmap:\n    "${B}": ["v2"]\n`);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/^sync\.yml:2:3 {2}TAG_MOVE\n {4}TARGET\/prod\/web:v1 is sha256/m),
    ]);
    expect(stderr).toContain('kpromo import: 1 part of sync.yml could not be taken over');
  });
});

describe('kpromo import regsync', () => {
  it('takes the repositories of a registry that the patterns select', async () => {
    const { load, hold, images, source } = await importWorld();
    hold(source, 'app/web', { A: ['v1'] });
    hold(source, 'app/test', { B: ['v1'] });
    hold(source, 'other', { C: ['v1'] });
    const text =
      'sync: [{ source: SOURCE, target: TARGET/hub, type: registry, repos: { allow: ["app/.*"], deny: [".*test"] } }]';
    expect((await load('regsync', text)).code).toBe(0);
    expect(await images(projectOf(source.host))).toBe(`- name: app/web\n  dmap:\n    "${A}": ["v1"]\n`);
  });

  it('goes on with other registries if one cannot be read', async () => {
    const { load, hold, images, source } = await importWorld();
    hold(source, 'staging/web', { A: ['v1'] });
    const text = `${WEB}- { source: "127.0.0.1:1/staging/web", target: TARGET/other/web, type: repository }\n`;
    const { code, stdout } = await load('regsync', text, ['--retries=0']);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^sync\.yml:5:3 {2}NETWORK$/m)]);
    expect(await images(projectOf(source.host, '-staging'))).toContain(A);
  });

  it('names each setting that is not taken over with its line, and fails only for those that change what is copied', async () => {
    const { load, hold, source } = await importWorld();
    hold(source, 'staging/web', { A: ['v1'] });
    const notes = `creds: [{ registry: SOURCE, user: "{{env \\"U\\"}}", pass: topsecretvalue }]
defaults:
  backup: "b-{{.Ref.Tag}}"
  schedule: "15 3 * * *"
  ratelimit: { min: 100 }
  referrers: false
  paralel: 2
`;
    const { code, stdout, stderr } = await load('regsync', `${notes}${WEB}`);
    expect(code).toBe(0);
    for (const [line, key] of [
      [1, 'user'],
      [1, 'pass'],
      [3, 'backup'],
      [4, 'schedule'],
      [5, 'ratelimit'],
      [7, 'paralel'],
    ] as const)
      expect(stdout).toMatch(new RegExp(`^sync\\.yml:${line}:\\d+  note\\n.* has "${key}"\\n    → .`, 'm'));
    expect(stdout).not.toContain('referrers');
    expect(stdout).toContain('did you mean parallel?');
    expect(stdout + stderr).not.toContain('topsecretvalue');
    const lossy = `${WEB}  referrers: true\n  digestTags: yes\n  platforms: [linux/amd64]\n`;
    const other = await load('regsync', lossy);
    expect([other.code, other.stdout.match(/^sync\.yml:[567]:3 {2}not taken over$/gm)?.length]).toEqual([1, 3]);
  });

  it.each([
    ['a renamed image', '{ source: "SOURCE/a/web", target: "TARGET/b/app", type: repository }', 'would be renamed to'],
    [
      'a folder of the disk',
      '{ source: "ocidir://images/web", target: "TARGET/b/web", type: repository }',
      'not an image of a registry',
    ],
    [
      'a template that is not evaluated',
      '{ source: "SOURCE/a/web", target: "TARGET/{{ range . }}x{{ end }}/web", type: repository }',
      'cannot be evaluated',
    ],
    [
      'an invalid pattern',
      '{ source: "SOURCE/a/web", target: "TARGET/b/web", type: repository, tags: { allow: ["("] } }',
      'not a regular expression',
    ],
    ['an unknown type', '{ source: "SOURCE/a/web", target: "TARGET/b/web", type: repo }', 'which is unknown'],
    ['a missing tag', '{ source: "SOURCE/a/web:v9", target: "TARGET/b/web:v9", type: image }', 'has no v9'],
    ['a missing target', '{ source: "SOURCE/a/web:v9", type: image }', 'the entry has no "target"'],
  ])('refuses %s, and takes the rest', async (_, entry, problem) => {
    const { load, hold, images, source } = await importWorld();
    hold(source, 'staging/web', { A: ['v1'] });
    const { code, stdout } = await load('regsync', `${WEB}- ${entry}\n`);
    expect([code, stdout]).toEqual([1, expect.stringContaining(problem)]);
    expect(stdout).toMatch(/^sync\.yml:5:\d+ {2}/m);
    expect(await images(projectOf(source.host, '-staging'))).toContain(A);
  });

  it('leaves out tags of signatures, and says so', async () => {
    const { load, hold, images, source } = await importWorld();
    hold(source, 'staging/web', { A: ['v1'], B: [`${A.replace(':', '-')}.sig`] });
    const { code, stdout } = await load('regsync', WEB);
    expect([code, stdout]).toEqual([1, expect.stringContaining('1 tag of signatures')]);
    expect(await images(projectOf(source.host, '-staging'))).not.toContain(B);
  });

  it('writes one project for each target, and takes the first of two digests for one tag', async () => {
    const { load, hold, source, tree } = await importWorld();
    hold(source, 'one/web', { A: ['v1'] });
    hold(source, 'two/web', { B: ['v1'] });
    const entry = (from: string, to: string): string =>
      `- { source: SOURCE/${from}/web, target: TARGET/${to}/web, type: repository }\n`;
    const { code, stdout } = await load(
      'regsync',
      `sync:\n${entry('one', 'east')}${entry('one', 'west')}${entry('two', 'east')}`,
    );
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^sync\.yml:4:3 {2}TAG_CONFLICT$/m)]);
    const one = projectOf(source.host, '-one');
    const projects = await readdir(join(tree, 'manifests'));
    expect(projects.toSorted()).toEqual([one, expect.stringMatching(new RegExp(`^${one}-to-.*-west$`))]);
    expect((await kpromo(['validate', tree])).code).toBe(0);
  });
});

describe('kpromo import skopeo', () => {
  const flags = ['--destination=TARGET/mirror'];
  const to = (host: string, ...more: string[]): string[] => [
    ...flags.map((flag) => flag.replace('TARGET', host)),
    ...more,
  ];

  it('takes tags, digests, patterns and versions, below the last part of their name', async () => {
    const { load, hold, images, source, target } = await importWorld();
    hold(source, 'a/web', { A: ['1.0.0', '2.0.0-rc.1'], B: ['2.1.0', 'edge'] });
    hold(source, 'a/cli', { C: ['v1'] });
    const text = `SOURCE:\n  images: { a/cli: ["${C}"] }\n  images-by-tag-regex: { a/web: ^ed }\n  images-by-semver: { a/web: ">= 1.0, < 3" }\n`;
    expect((await load('skopeo', text, to(target.host, '--append-suffix=-m'))).code).toBe(0);
    expect(await images(projectOf(source.host, '-a'))).toBe(
      `- name: cli\n  dmap:\n    "${C}": []\n- name: web\n  dmap:\n    "${A}": ["1.0.0-m"]\n    "${B}": ["2.1.0-m", "edge-m"]\n`,
    );
  });

  it('keeps the digest of one platform that is at the target', async () => {
    const { load, images, source, target } = await importWorld();
    const index = buildMultiPlatform({ seed: 700 }, ['linux/amd64', 'linux/arm64']);
    storeImage(source.store, 'a/web', index, ['v1', 'v2']);
    const [child] = index.children;
    if (child === undefined) throw new Error('an index has children');
    storeImage(target.store, 'mirror/web', child, ['v1']);
    const { code, stdout } = await load('skopeo', 'SOURCE: { images: { a/web: [] } }', to(target.host));
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 tag at the target with one platform of an index')]);
    const text = await images(projectOf(source.host, '-a'));
    expect(text).toContain(`"${child.manifest.descriptor.digest}": ["v1"]`);
    expect(text).toContain(`"${index.manifest.descriptor.digest}": ["v2"]`);
  });

  it.each([
    [['import', 'docker', 'f'], 'cannot import files of "docker"'],
    [['import', 'skopeo', 'f', '--output=t'], '--destination is required'],
    [['import', 'regsync', 'f'], '--output is required'],
    [['import', 'regsync', 'f', '--output=t', '--scoped'], '--scoped is for skopeo'],
    [['import', 'regsync', '/nonexistent/f', '--output=t'], 'there is no file /nonexistent/f'],
    [['import', 'regsync', '/', '--output=t'], 'cannot read /'],
    [['import', 'skopeo', 'f', '--output=t', '--destination=acme/x'], 'has no registry before the first'],
  ])('refuses %j', async (args, problem) => {
    const run = await kpromo(args);
    expect([run.code, run.log.join('\n')]).toEqual([1, expect.stringContaining(problem)]);
  });

  it('refuses a folder that is not a tree, and a file that is not YAML', async () => {
    const { load, tree, target } = await importWorld();
    await mkdir(tree);
    await writeFile(join(tree, 'notes.txt'), 'mine');
    const text = 'SOURCE: { images: { a/web: [] } }';
    const run = await load('skopeo', text, to(target.host));
    expect([run.code, run.stderr, await readdir(tree)]).toEqual([
      1,
      expect.stringContaining('not a valid tree'),
      ['notes.txt'],
    ]);
    expect((await load('skopeo', 'a: [', to(target.host))).stderr).toMatch(/sync\.yml:1:\d+: this is not valid YAML/);
  });
});
