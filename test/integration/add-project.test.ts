import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stopReason } from '../../src/cli/exit-codes.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { proposalWorld } from '../support/proposal/world.ts';

const [A, B, C] = ['A', 'B', 'C'].map(digestOfLabel) as [string, string, string];
const WEB = `- name: web\n  dmap:\n    "${A}": ["v1"]\n`;

describe('kpromo add', () => {
  it('finds the project by its source, in any spelling, or by a repository below it', async () => {
    const { add, hold, images, staging } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/worker', { C: ['v2'] });
    expect((await add([`--staging-repo=${staging.host}/staging/web`, '--tag=v2'])).code).toBe(0);
    expect(await images()).not.toContain(C);
    expect((await add([`--staging-repo=${staging.host}/staging/`, '--tag=v2'])).code).toBe(0);
    expect(await images()).toContain(C);
  });

  it('edits a plain manifest', async () => {
    const { add, hold, staging, mirrors, path } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const file = join(path, 'plain.yaml');
    const registries = `registries:\n- {name: ${staging.host}/staging, src: true}\n- {name: ${mirrors[0].host}/prod}\n`;
    await writeFile(file, `images:\n${WEB}${registries}`);
    const flags = ['--manifests=', `--manifest=${file}`, `--staging-repo=${staging.host}/staging`];
    expect((await add([...flags, '--tag=v2'])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(`images:\n${WEB}    "${B}": ["v2"]\n${registries}`);
    const outside = await add([...flags, `--staging-repo=${staging.host}/staging/tools`, '--tag=v2', '--image=web']);
    expect([outside.code, outside.log.at(-1)]).toEqual([
      1,
      expect.stringContaining('--image web is not below --staging-repo'),
    ]);
  });

  it('names both manifests if two have the source, and takes one with --project', async () => {
    const { add, hold, images, staging, path } = await proposalWorld({}, (hosts) => [
      { ...hosts, name: 'k8s-staging-twin', entries: [] },
    ]);
    hold(staging, 'staging/web', { B: ['v2'] });
    const both = await add([`--staging-repo=${staging.host}/staging`, '--tag=v2']);
    expect(both.code).toBe(1);
    expect(both.log.at(-1)).toContain(
      `${path}/manifests/app/promoter-manifest.yaml, ${path}/manifests/k8s-staging-twin/promoter-manifest.yaml all fit`,
    );
    expect((await add([`--staging-repo=${staging.host}/staging`, '--project=twin', '--tag=v2'])).code).toBe(0);
    expect([await images(), await images(undefined, 'k8s-staging-twin')]).toEqual([WEB, expect.stringContaining(B)]);
  });

  it('names the nearest project, and the problems of a manifest that cannot be read', async () => {
    const { add } = await proposalWorld({}, () => [{ name: 'broken', from: 'nowhere', to: [], entries: [] }]);
    expect((await add(['--project=appp', '--tag=v2'])).log.at(-1)).toContain('did you mean app?');
    const { code, log } = await add(['--project=broken', '--tag=v2']);
    expect([code, log.join('\n')]).toEqual([
      1,
      expect.stringMatching(/manifests\/broken\/promoter-manifest\.yaml:\d+: /),
    ]);
  });

  it('refuses to edit a project with problems', async () => {
    const { add, hold, images, staging } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const text = `${WEB}- name: worse\n  dmap:\n    "sha256:12": ["v1"]\n`;
    await images(text);
    const { code, log } = await add(['--tag=v2']);
    expect([code, await images()]).toEqual([1, text]);
    expect(log.join('\n')).toContain('images/app/images.yaml:6: ');
    const disputed = `${WEB}    "${C}": ["v1"]\n`;
    await images(disputed);
    const other = await add(['--tag=v2']);
    expect([other.code, await images(), other.log.join('\n')]).toEqual([
      1,
      disputed,
      expect.stringContaining('images/app/images.yaml:3: '),
    ]);
  });

  it('reads the images that the tree names if the registry does not list its repositories', async () => {
    const { add, hold, images, staging } = await proposalWorld({ catalog: false });
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/worker', { C: ['v2'] });
    const { code, log } = await add(['--tag=v2']);
    expect([code, log.join('\n')]).toEqual([0, expect.stringContaining('name others with --image')]);
    expect(await images()).not.toContain(C);
    expect((await add(['--tag=v2', '--image=worker'])).code).toBe(0);
    expect(await images()).toContain(C);
  });

  it('stops at a signal while it waits, and leaves the file as it is', async () => {
    const { add, images, staging } = await proposalWorld();
    const controller = new AbortController();
    let lists = 0;
    staging.inject(({ kind }) => {
      if (kind === 'list' && (lists += 1) === 2) controller.abort(stopReason('SIGTERM'));
      return undefined;
    });
    const { code } = await add(['--tag=v2', '--image=web', '--wait=30m'], { speed: 100, signal: controller.signal });
    expect([code, await images()]).toEqual([143, WEB]);
  });

  it('logs JSON lines only with --log-format=json, each problem in one', async () => {
    const { add, hold, staging } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const { code, stderr } = await add(['--tag=v3', '--log-format=json']);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; code?: string });
    expect([code, lines.at(-1)]).toEqual([
      1,
      expect.objectContaining({ level: 'fatal', code: 'NOT_FOUND', hint: expect.stringContaining('--wait') as string }),
    ]);
  });

  it('reads several trees with --all-trees', async () => {
    const { add, hold, images, staging, path } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    await mkdir(join(path, 'frozen/manifests/old'), { recursive: true });
    await mkdir(join(path, 'frozen/images/old'), { recursive: true });
    await writeFile(
      join(path, 'frozen/manifests/old/promoter-manifest.yaml'),
      'registries:\n- {name: a.test/x, src: true}\n- {name: a.test/y}\n',
    );
    await writeFile(join(path, 'frozen/images/old/images.yaml'), '[]\n');
    const { code, log } = await add(['--tag=v2']);
    expect([code, log.at(-1)]).toEqual([1, expect.stringContaining('--all-trees')]);
    expect((await add(['--tag=v2', '--all-trees'])).code).toBe(0);
    expect(await images()).toContain(B);
  });

  it('leaves mock images out unless they are named', async () => {
    const { add, hold, images, staging } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/mock/web', { C: ['v2'] });
    const { stdout } = await add(['--tag=v2']);
    expect(stdout).toContain('left out, a mock image; name it with --image: mock/web');
    expect(await images()).not.toContain(C);
    expect((await add(['--tag=v2', '--image=mock/web'])).code).toBe(0);
    expect(await images()).toContain(C);
  });

  it('asks for named images no more than one list of staging, and one of each mirror', async () => {
    const { add, hold, staging, mirrors } = await proposalWorld({ google: true });
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/worker', { C: ['v2'] });
    expect((await add(['--tag=v2', '--image=web'])).code).toBe(0);
    const sent = staging.counters.log.map(({ method, path }) => `${method} ${path}`);
    expect(sent).toEqual(['GET /v2/staging/web/tags/list', `GET /v2/staging/web/manifests/${B}`]);
    for (const { counters } of mirrors) expect(counters.log.length).toBeLessThanOrEqual(2);
  });

  it('escapes names that a registry invents', async () => {
    const { add, hold, staging } = await proposalWorld();
    hold(staging, 'staging/web', { B: ['v2'] });
    const body = JSON.stringify({ name: 'staging/web', tags: ['v2.0\u001b[2J'] });
    staging.inject(({ kind }) => (kind === 'list' ? { status: 200, body } : undefined));
    const { code, stderr } = await add(['--tag=v2.0', '--image=web']);
    expect([code, stderr]).toEqual([1, expect.not.stringContaining('\u001b')]);
    expect(stderr).toContain('nearest: v2.0');
  });

  it.each([
    [['--tag=v1', '--manifests='], '--manifests is required'],
    [['--project=app'], '--tag is required'],
    [['--project=', '--tag=v1'], '--project or --staging-repo is required'],
    [['--tag=latest'], '--tag latest: this tag moves'],
    [['--tag=v1,latest'], '--tag latest: this tag moves'],
    [['--tag=web:v1'], 'not a tag'],
    [['--tag=v1', '--image=Web'], 'not the name of an image'],
    [['--tag=v1', '--digests=sha256:12'], 'not a digest'],
    [['--tag=v1', '--staging-repo=https://x.test/y'], 'has a scheme'],
    [['--tag=v1', 'web'], 'takes no argument'],
  ])('refuses %j', async (flags, message) => {
    const { add } = await proposalWorld();
    const { code, log } = await add(flags);
    expect([code, log.at(-1)]).toEqual([1, expect.stringContaining(message)]);
  });
});
