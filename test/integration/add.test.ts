import { chmod, stat } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';
import { LISTINGS, proposalWorld } from '../support/proposal/world.ts';
import { buildMultiPlatform, storeImage } from '../support/registry/images.ts';

const [A, B, C, D] = ['A', 'B', 'C', 'D'].map(digestOfLabel) as [string, string, string, string];
const WEB = `- name: web\n  dmap:\n    "${A}": ["v1"]\n`;

describe.each(LISTINGS)('kpromo add from a registry with %s', (_, options) => {
  it('adds a digest and a new image by lines, and keeps the mode of the file', async () => {
    const { add, hold, images, staging, path } = await proposalWorld(options);
    hold(staging, 'staging/web', { A: ['v1'], B: ['v2', 'latest'] });
    hold(staging, 'staging/tools/cli', { C: ['v2'] });
    hold(staging, 'staging/old', { D: ['v0'] });
    const file = join(path, 'images/app/images.yaml');
    await chmod(file, 0o640);
    const { code, stdout, stderr } = await add(['--tag', 'v2']);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('level=error')]);
    expect(await images()).toBe(
      `- name: tools/cli\n  dmap:\n    "${C}": ["v2"]\n${WEB.trimEnd()}\n    "${B}": ["v2"]\n`,
    );
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect(stdout).toContain(`${file}: 2 digests, 2 tags added`);
    expect(stdout).toMatch(/web +sha256:[0-9a-f]{12}… +v2 +line 7/);
    expect(stdout).toContain('left out, has no tag v2: old');
    expect(stdout).toContain('next: ');
  });

  it('adds a tag to the list of its digest', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    hold(staging, 'staging/web', { A: ['v1', 'v1.0'] });
    expect((await add(['-t', 'v1.0', '--image=web'])).code).toBe(0);
    expect(await images()).toBe(WEB.replace('"v1"', '"v1", "v1.0"'));
  });

  it('changes nothing, and says so, if the tree has everything', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    hold(staging, 'staging/web', { A: ['v1'] });
    const { code, stdout } = await add(['--tag=v1']);
    expect([code, await images()]).toEqual([0, WEB]);
    expect(stdout).toContain('nothing to add');
    expect(stdout).toMatch(/v1 +line 3, there already/);
  });

  it('prints a diff that git applies with --dry-run, and writes nothing', async () => {
    const { add, hold, images, staging, path } = await proposalWorld(options);
    hold(staging, 'staging/web', { B: ['v2'] });
    const { code, stdout } = await add(['--tag=v2', '--dry-run']);
    expect([code, await images()]).toEqual([0, WEB]);
    const strip = path.split('/').length;
    const applied = spawnSync('patch', [`-p${strip}`], { cwd: path, input: stdout, encoding: 'utf8' });
    expect([applied.status, applied.stderr]).toEqual([0, '']);
    expect(await images()).toBe(`${WEB}    "${B}": ["v2"]\n`);
  });

  it('refuses a request of which a part is missing, with what was found and the nearest names', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    hold(staging, 'staging/web', { B: ['v2.0', 'v2.1'] });
    hold(staging, 'staging/worker', { C: ['v2.0'] });
    const { code, log } = await add(['--tag=v2.0', '--image=web', '--image=wroker']);
    expect(code).toBe(1);
    const text = log.join('\n');
    expect(text).toContain('staging/wroker has no tags, or does not exist');
    expect(text).toContain('image wroker; nearest: worker');
    expect(text).toContain(`found: web:v2.0 (${B})`);
    expect(text).toContain('--wait 30m');
    const other = await add(['--tag=v2.0,v2.2', '--image=web']);
    expect(other.code).toBe(1);
    expect(other.log.join('\n')).toMatch(/staging\/web has no tag v2\.2; nearest: v2\.[01]/);
    const none = await add(['--tag=v3']);
    expect([none.code, none.log.join('\n')]).toEqual([1, expect.stringContaining('no image has the tag v3')]);
    expect(await images()).toBe(WEB);
  });

  it('waits until the registry has everything', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    let lists = 0;
    staging.inject(({ kind }) => {
      lists += kind === 'list' ? 1 : 0;
      if (lists === 3) hold(staging, 'staging/web', { B: ['v2'] });
      return undefined;
    });
    const { code, log } = await add(['--tag=v2', '--image=web', '--wait=30m'], { speed: 100 });
    expect(code).toBe(0);
    expect(log.filter((line) => line.includes('Waiting')).length).toBe(2);
    expect(await images()).toContain(B);
  });

  it('gives up when the time to wait is over', async () => {
    const { add, images } = await proposalWorld(options);
    const { code, log } = await add(['--tag=v2', '--image=web', '--wait=1m'], { speed: 100 });
    expect([code, await images()]).toEqual([1, WEB]);
    expect(log.filter((line) => line.includes('Waiting')).length).toBeGreaterThan(1);
  });

  it('refuses a tag that would move on a mirror, and names it', async () => {
    for (const mirror of [0, 1] as const) {
      const { add, hold, images, staging, mirrors } = await proposalWorld(options);
      hold(staging, 'staging/web', { B: ['v2'] });
      hold(mirrors[mirror], 'prod/web', { C: ['v2'] });
      const { code, log } = await add(['--tag=v2']);
      expect([code, await images()]).toEqual([1, WEB]);
      expect(log.join('\n')).toContain(
        `web:v2 is ${C} in production, and would become ${B} (${mirrors[mirror].host}/prod/web:v2)`,
      );
    }
  });

  it('refuses to add while a mirror cannot be read', async () => {
    const { add, hold, images, staging, mirrors } = await proposalWorld(options);
    hold(staging, 'staging/web', { B: ['v2'] });
    mirrors[1].inject(() => ({ status: 403 }));
    const { code, log } = await add(['--tag=v2']);
    expect([code, await images()]).toEqual([1, WEB]);
    expect(log.join('\n')).toContain('whether a tag would move is unknown');
  });

  it('refuses a tag that the tree gives to another digest, in whichever project', async () => {
    const { add, hold, images, staging, path } = await proposalWorld(options, ({ to }) => [
      { name: 'other', from: 'other.test/staging', to, entries: [['web', D, 'v3']] },
    ]);
    hold(staging, 'staging/web', { B: ['v1', 'v3'] });
    const own = await add(['--tag=v1']);
    expect([own.code, own.log.join('\n')]).toEqual([
      1,
      expect.stringContaining(`${path}/images/app/images.yaml:3: web:v1 is ${A} there, and would become ${B}`),
    ]);
    const other = await add(['--tag=v3']);
    expect([other.code, other.log.join('\n')]).toEqual([
      1,
      expect.stringContaining(`${path}/images/other/images.yaml:3: web:v3 is ${D} there`),
    ]);
    expect(await images()).toBe(WEB);
  });

  it('refuses an index whose platform is missing in staging, and names it', async () => {
    const { add, images, staging } = await proposalWorld(options);
    const index = buildMultiPlatform({ seed: 70 }, ['linux/amd64', 'linux/arm64']);
    storeImage(staging.store, 'staging/web', index, ['v2']);
    const [, child] = index.children;
    staging.store.remove('staging/web', 'manifest', child?.manifest.descriptor.digest ?? '');
    const { code, log } = await add(['--tag=v2']);
    expect([code, await images()]).toEqual([1, WEB]);
    expect(log.join('\n')).toContain(
      `names ${child?.manifest.descriptor.digest}, which the source repository does not have`,
    );
  });

  it('adds only the digests that were asked for', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    hold(staging, 'staging/web', { B: ['v2'] });
    hold(staging, 'staging/worker', { C: ['v2'], D: ['build-7'] });
    expect((await add(['--tag=v2', `--digests=${B}`])).code).toBe(0);
    expect(await images()).toBe(`${WEB}    "${B}": ["v2"]\n`);
    // staging has no such tag: the digest gets it in the tree
    expect((await add(['--tag=v7', '--image=worker', '--digests', D])).code).toBe(0);
    expect(await images()).toContain(`- name: worker\n  dmap:\n    "${D}": ["v7"]\n`);
  });

  it('refuses a digest that staging does not have, or has under another tag than asked', async () => {
    const { add, hold, images, staging } = await proposalWorld(options);
    hold(staging, 'staging/web', { B: ['v2'], C: ['v3'] });
    const none = await add(['--tag=v2', '--image=web', `--digests=${B}`, `--digests=${D}`]);
    expect([none.code, none.log.join('\n')]).toEqual([1, expect.stringContaining(`no image has ${D}`)]);
    const other = await add(['--tag=v2', `--digests=${C}`]);
    expect([other.code, other.log.join('\n')]).toEqual([
      1,
      expect.stringContaining(`staging/web:v2 is ${B} in staging`),
    ]);
    expect(await images()).toBe(WEB);
  });
});
