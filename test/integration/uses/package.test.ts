import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, startCli } from '../../support/built-cli.ts';
import { orSkip } from '../../support/programs.ts';
import { writeTree } from '../../support/promotion/tree.ts';
import { startRedis } from '../../support/redis-server.ts';
import { digestOf, startWorld } from './world.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

describe('the built program, in a folder without node_modules', () => {
  let folder: string;
  let program: string;
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);

  beforeAll(async () => {
    await ensureBuilt();
    folder = mkdtempSync(join(tmpdir(), 'kpromo-package-'));
    for (const name of ['bin', 'dist', 'package.json', 'docs/problems.md'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    program = join(folder, 'bin', 'kpromo');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: readonly string[]): string => {
    const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: { PATH } });
    expect([status, stderr]).toEqual([0, '']);
    return stdout;
  };

  it('finds its version and its pages', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    expect(run('version')).toContain(`kpromo v${version}\n`);
    expect(run('explain', 'LOST')).toMatch(/^LOST\n/);
    expect(run('completion', 'bash')).toContain('kpromo');
  });

  it('promotes with a limit in Redis, metrics and every report', async (test) => {
    await using redis = await orSkip(test, () => startRedis());
    await using world = await startWorld({ google: true });
    await using tree = await writeTree([world.project('app', { v1: digestOf(1) })]);
    const reports = ['json', 'md', 'html', 'xml'].map((extension) => join(tree.path, `report.${extension}`));
    const args = [
      '--confirm',
      '--sign=false',
      `--limiter=${redis.url}`,
      `--metrics-file=${join(tree.path, 'metrics')}`,
    ];
    const flags = reports.map((path) => `--report=${path}`);
    const cli = startCli(['cip', '--manifests', tree.path, ...args, ...flags], { cwd: folder, env: { PATH }, program });
    const { code, stderr } = await cli.ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('level=warning')]);
    expect(world.tagsOn('prod/app')).toEqual(world.mirrors.map(() => ({ v1: digestOf(1) })));
    expect(reports.map((path) => readFileSync(path, 'utf8').length > 0)).toEqual(reports.map(() => true));
  });
});
