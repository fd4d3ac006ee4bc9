import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBuilt, KPROMO, runCli } from '../../support/built-cli.ts';
import { requireProgram, orSkip } from '../../support/programs.ts';
import { digestOf, startWorld } from './world.ts';

describe('kpromo cip --manifest, as a one-off', () => {
  let cwd: string;

  beforeAll(ensureBuilt);
  beforeEach(() => void (cwd = mkdtempSync(join(tmpdir(), 'kpromo-one-off-'))));
  afterEach(() => rmSync(cwd, { recursive: true }));

  it('promotes what one file names, registries and images together', async () => {
    await using world = await startWorld({ google: true });
    const registries = world.mirrors.map(({ host }) => `- name: ${host}/prod\n`).join('');
    const source = `- name: ${world.staging.host}/staging\n  src: true\n`;
    const images = `- name: app\n  dmap:\n    ${digestOf(3)}: [v3, latest]\n`;
    writeFileSync(join(cwd, 'once.yaml'), `registries:\n${source}${registries}images:\n${images}`);
    const { code } = await runCli(['cip', '--manifest=once.yaml', '--confirm', '--sign=false'], { cwd });
    expect(code).toBe(0);
    const expected = { latest: digestOf(3), v3: digestOf(3) };
    expect(world.tagsOn('prod/app')).toEqual([expected, expected]);
  });

  it('colours its log on a terminal only, and not there when NO_COLOR is set', async (test) => {
    const script = await orSkip(test, () => requireProgram('script'));
    const terminal = (env: Readonly<Record<string, string>>): string => {
      const command = `${KPROMO} cip --manifests nowhere`;
      const options = {
        cwd,
        env: { PATH: process.env['PATH'], HOME: cwd, TERM: 'xterm', ...env },
        encoding: 'utf8',
      } as const;
      return spawnSync(script, ['-qec', command, '/dev/null'], options).stdout;
    };
    const { stderr } = await runCli(['cip', '--manifests', 'nowhere'], { cwd, env: { TERM: 'xterm' } });
    expect(terminal({})).toContain('\x1b[31mfatal\x1b[0m');
    expect(terminal({ NO_COLOR: '1' })).toContain('level=fatal');
    expect(terminal({ NO_COLOR: '1' })).not.toContain('\x1b');
    expect(stderr).toContain('level=fatal');
    expect(stderr).not.toContain('\x1b');
  });
});
