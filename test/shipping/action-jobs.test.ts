import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMAGES, images, jobWorld, pullEvent, type JobOptions } from '../support/action/job.ts';
import { startNpm } from '../support/action/npm.ts';
import { digestOfLabel } from '../support/promotion/plan-cases.ts';

const CONFIRM = { confirm: 'true', args: '--sign=false' };
const zeros = '0'.repeat(40);

describe('the action after a merge', () => {
  it('promotes the whole tree on a push of several commits, and leaves nothing for the next job', async () => {
    const world = await jobWorld();
    await world.tree.commit({ [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    await world.tree.commit({ 'README.md': 'hello' });
    const first = await world.run({ on: 'push', event: { before: zeros }, inputs: CONFIRM });
    expect(first).toMatchObject({ succeeded: true, outputs: { 'exit-code': '0' } });
    expect(first.summary).toMatch(/^## ✅ /);
    const tags = { v1: digestOfLabel('A'), v2: digestOfLabel('B') };
    expect(world.mirror.snapshot()['prod/web']?.tags).toEqual(tags);
    expect(await world.run({ on: 'schedule', inputs: { args: '--sign=false' } })).toMatchObject({
      succeeded: true,
      outputs: { 'exit-code': '0' },
    });
    expect(world.github.log).toEqual([]);
  });

  it('compares with HEAD^ on a push if the flag is given', async () => {
    const world = await jobWorld();
    await world.tree.commit({ [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const inputs = { ...CONFIRM, args: "--sign=false\n  '--use-prow-manifest-diff'\n" };
    expect(await world.run({ on: 'push', inputs })).toMatchObject({ succeeded: true });
    expect(world.mirror.snapshot()['prod/web']?.tags).toEqual({ v2: digestOfLabel('B') });
  });

  it('writes the result of a merged pull request into its comment', async () => {
    const world = await jobWorld();
    const base = world.tree.git('rev-parse', 'HEAD');
    const head = await world.tree.commit({ [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    await world.run({ event: pullEvent(base, head) });
    const event = pullEvent(base, head, { merged: true });
    expect(await world.run({ event, inputs: CONFIRM })).toMatchObject({ succeeded: true });
    expect(world.github.comments).toHaveLength(1);
    expect(world.github.comments[0]?.body).toMatch(/## ✅ Promotion/);
  });

  it('plans what a merge queue would merge, without a comment', async () => {
    const world = await jobWorld();
    const base = world.tree.git('rev-parse', 'HEAD');
    await world.tree.commit({ [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const event = { merge_group: { base_sha: base } };
    const { outputs, log } = await world.run({ on: 'merge_group', event });
    expect(outputs['exit-code']).toBe('2');
    expect(log).toContain('Plan: 1 of 1 changed image to promote');
    expect(world.github.log).toEqual([]);
  });

  it.each([
    ['an unmerged pull request', { on: 'pull_request', event: pullEvent(zeros, zeros) }, 'would promote unmerged'],
    ['a merge queue', { on: 'merge_group', event: {} }, 'would promote unmerged'],
    ['pull_request_target', { on: 'pull_request_target', event: pullEvent(zeros, zeros) }, 'use pull_request'],
    [
      'a bool that is not one',
      { on: 'push', inputs: { confirm: 'yes' } },
      'confirm: yes: not a bool; use true or false',
    ],
    ['an open quote', { on: 'push', inputs: { ...CONFIRM, args: "--key 'a" } }, "is not closed: 'a"],
    ['--confirm in args', { on: 'push', inputs: { args: '--confirm' } }, 'contradict each other'],
  ] as const)('refuses %s without a request to a registry', async (_name, job, reason) => {
    const world = await jobWorld();
    const { succeeded, log } = await world.run({ inputs: CONFIRM, ...(job satisfies JobOptions) });
    expect(succeeded).toBe(false);
    expect(log).toContain(reason);
    expect([world.staging, world.mirror].flatMap(({ counters }) => counters.log)).toEqual([]);
  });

  it('fails with 75, and says to run the job again, if all problems may pass', async () => {
    const world = await jobWorld();
    world.mirror.inject(() => ({ status: 503 }));
    const event = pullEvent(
      world.tree.git('rev-parse', 'HEAD'),
      await world.tree.commit({ [IMAGES]: images({ B: 'v2' }) }),
    );
    const { succeeded, outputs, log } = await world.run({ event, inputs: { args: '--retries=0' } });
    expect([succeeded, outputs['exit-code']]).toEqual([false, '75']);
    expect(log).toMatch(/^::error title=kpromo::all problems may pass .*: run the job again$/m);
    expect(world.github.comments[0]?.body).toContain('\nAll problems may pass: run the job again. [');
  });

  it('hands the signal of a cancelled job to kpromo, which reports, and does not comment', async () => {
    const world = await jobWorld();
    const controller = new AbortController();
    world.mirror.inject(() => {
      controller.abort();
      return 'silent';
    });
    const event = pullEvent(
      world.tree.git('rev-parse', 'HEAD'),
      await world.tree.commit({ [IMAGES]: images({ B: 'v2' }) }),
    );
    const { succeeded, outputs, summary } = await world.run({ event, cancel: controller.signal });
    expect([succeeded, outputs['exit-code']]).toEqual([false, '130']);
    expect(summary).toMatch(/^## 🛑 /);
    expect(existsSync(outputs['report'] ?? '')).toBe(true);
    expect(world.github.log).toEqual([]);
  });

  it('runs no code of inputs, branches and titles', async () => {
    const world = await jobWorld();
    const evil = '$(touch pwned)`touch pwned`"; touch pwned; #\'\n::error::pwned\n::set-output name=a::b';
    const base = world.tree.git('rev-parse', 'HEAD');
    const event = pullEvent(base, base, { title: evil, base: { sha: `${base}${evil}`, ref: evil }, body: evil });
    for (const inputs of [
      { manifests: evil },
      { args: `"${evil}` },
      { version: evil },
      { confirm: evil },
      { comment: evil },
    ]) {
      const { succeeded, log } = await world.run({ event, inputs });
      expect(succeeded).toBe(false);
      expect(log).not.toMatch(/^::(?:error::pwned|set-output)/m);
    }
    expect(existsSync(join(world.tree.path, 'pwned'))).toBe(false);
    expect(world.github.comments.length).toBeLessThanOrEqual(2);
  });
});

describe('the installation by the action', () => {
  it('installs the version of its own package once in a job, and not from a registry that the tree names', async () => {
    const npm = await startNpm();
    const world = await jobWorld();
    writeFileSync(join(world.home, '.npmrc'), `registry=${npm.url}\n`);
    await world.tree.commit({ '.npmrc': 'registry=http://127.0.0.1:1/\n', [IMAGES]: images({ A: 'v1', B: 'v2' }) });
    const temp = mkdtempSync(join(world.home, 'shared-'));
    const inputs = { ...CONFIRM, version: '' };
    for (let use = 0; use < 2; use++) {
      const { succeeded, path } = await world.run({ on: 'push', inputs, env: { RUNNER_TEMP: temp } });
      expect(succeeded).toBe(true);
      // later steps of the job find it
      const PATH = `${path.join(':')}:${process.env['PATH']}`;
      const { stdout } = spawnSync('kpromo', ['version'], { env: { PATH }, encoding: 'utf8' });
      expect(stdout).toContain(npm.version);
    }
    expect(npm.downloads()).toBe(1);
    const wanted = await world.run({ on: 'push', inputs: { ...CONFIRM, version: '99.0.0' } });
    expect(wanted.succeeded).toBe(false);
    expect(wanted.log).toContain('::error title=kpromo::npm cannot install kpromo@99.0.0: ');
  });

  it('refuses Windows, versions that may move, and runners without Node.js', async () => {
    const world = await jobWorld();
    const windows = await world.run({ on: 'push', env: { RUNNER_OS: 'Windows' } });
    expect(windows.log).toBe('::error title=kpromo::kpromo does not run on Windows; use runs-on: ubuntu-latest\n');
    for (const version of ['latest', '^0.1.0', 'v0', 'file:x.tgz']) {
      const { succeeded, log } = await world.run({ on: 'push', inputs: { version } });
      expect([succeeded, log.includes('not a version; use an exact one such as 0.1.0, or source')]).toEqual([
        false,
        true,
      ]);
    }
    // programs of the script, and no node
    const bin = join(world.home, 'bin');
    mkdirSync(bin);
    for (const name of ['bash', 'dirname', 'sed']) symlinkSync(join('/usr/bin', name), join(bin, name));
    rmSync(join(world.home, 'tools'), { recursive: true });
    const bare = await world.run({ on: 'push', env: { PATH: bin } });
    expect(bare.log).toMatch(/^::error title=kpromo::no Node\.js 22\.22\.2 or later on this runner; add a step with/);
  });
});
