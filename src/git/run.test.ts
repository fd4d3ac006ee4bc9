import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { gitServices } from '../../test/support/git.ts';
import { gitIn, type GitServices } from './run.ts';

/** What a run of git needs when the first git in PATH is this script. */
async function withGit(script: string, more: Partial<GitServices> = {}): Promise<GitServices> {
  const folder = await mkdtemp(join(tmpdir(), 'kpromo-fake-git-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'git'), 0o755);
  const services = gitServices();
  return { ...services, ...more, env: { ...services.env, ...more.env, PATH: `${folder}:${process.env['PATH']}` } };
}

describe('src/git/run.ts', () => {
  it('passes on what git needs, and nothing else of the environment', async () => {
    const env = {
      HOME: '/home/someone',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_DIR: '/elsewhere',
      GIT_EXTERNAL_DIFF: 'evil',
      GIT_TRACE: '1',
      LC_ALL: 'de_DE.UTF-8',
      SIGSTORE_ID_TOKEN: 'hush-hush',
    };
    const printed = (await gitIn('/', await withGit('env', { env }))(['x'])).toString('utf8').split('\n');
    expect(printed).toEqual(
      expect.arrayContaining([
        'HOME=/home/someone',
        'GIT_CONFIG_VALUE_0=*',
        'LC_ALL=C',
        'GIT_TERMINAL_PROMPT=0',
        'GIT_NO_LAZY_FETCH=1',
      ]),
    );
    expect(printed.filter((line) => /elsewhere|evil|hush-hush|GIT_TRACE|de_DE/.test(line))).toEqual([]);
  });

  it('gives words as they are, after the folder and the settings', async () => {
    const words = ['cat-file', 'a b', '$(touch pwned)', '; rm', '--x=`y`'];
    const services = await withGit(String.raw`for word; do printf '%s\n' "$word"; done`);
    const printed = (await gitIn('/some where', services)(words)).toString('utf8').trimEnd().split('\n');
    expect(printed.slice(0, 2)).toEqual(['-C', '/some where']);
    expect(printed).toEqual(expect.arrayContaining(['core.fsmonitor=', 'core.hooksPath=/dev/null', '--no-pager']));
    expect(printed.slice(-words.length)).toEqual(words);
  });

  it('hands over its input, also to a git that does not read it', async () => {
    const input = 'x'.repeat(1_000_000);
    expect((await gitIn('/', await withGit('cat'))(['x'], input)).length).toBe(input.length);
    expect((await gitIn('/', await withGit('echo done'))(['x'], input)).toString()).toBe('done\n');
  });

  it('kills a git that prints without end', async () => {
    const run = gitIn('/', await withGit('exec yes'), 100_000);
    await expect(run(['ls-tree'])).rejects.toMatchObject({
      code: 'GIT',
      message: 'git ls-tree printed more than 100000 bytes',
    });
  });

  it('kills a git that does not end', async () => {
    const clock = fakeClock();
    const running = gitIn('/', await withGit('exec sleep 1000', { clock }))(['rev-list']);
    const outcome = running.then(
      () => 'it ended',
      (error: unknown) => error,
    );
    await clock.advance(5 * 60_000);
    expect(await outcome).toMatchObject({ code: 'GIT', message: 'git rev-list did not end within 5 minutes' });
    expect(clock.pending()).toBe(0);
  });

  it('kills git when the run is stopped', async () => {
    const controller = new AbortController();
    const services = await withGit('exec sleep 1000', { signal: controller.signal });
    const running = gitIn('/', services)(['rev-list']);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });

  it.each([
    ['echo "fatal: something odd" >&2; exit 128', 'git x failed: fatal: something odd'],
    ['exit 3', 'git x failed: exit code 3'],
    ['yes "fatal: endless" | head -c 1000000 >&2; exit 1', 'git x failed: fatal: endless'],
  ])('tells why %s', async (script, message) => {
    await expect(gitIn('/', await withGit(script))(['x'])).rejects.toMatchObject({ code: 'GIT', message });
  });
});
