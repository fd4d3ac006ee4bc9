import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** Makes Node say that it is another version, which is all that the set-up step can see of it. */
const PRETEND = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})`;

/** A project without dependencies, so that installing it needs no network. */
function emptyProject(root: string): void {
  for (const folder of [root, join(root, 'tools', 'node')]) {
    mkdirSync(folder, { recursive: true });
    const project = { name: 'empty', version: '1.0.0' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...project, type: 'module' }));
    const lock = { ...project, lockfileVersion: 3, requires: true, packages: { '': project } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  }
  cpSync(join(ROOT, 'tools', 'setup.mjs'), join(root, 'tools', 'setup.mjs'));
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) cpSync(join(ROOT, file), join(root, file));
  mkdirSync(join(root, 'src', 'deep'), { recursive: true });
  writeFileSync(join(root, 'src', 'one.ts'), `export { two } from './deep/two.ts';\n`);
  writeFileSync(join(root, 'src', 'deep', 'two.ts'), 'export const two: number = 2;\n');
  writeFileSync(join(root, 'src', 'one.test.ts'), 'export const tested = true;\n');
}

describe('tools/setup.mjs', () => {
  let root: string;
  let setup: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'kpromo-setup-'));
    setup = join(root, 'tools', 'setup.mjs');
    emptyProject(root);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const run = (
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { status: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [setup, ...args], {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    return { status, out: stdout, err: stderr };
  };
  /** What the build needs of the project's dependencies. */
  const provideCompiler = (): void => {
    run(['exec', '--version']);
    symlinkSync(join(ROOT, 'node_modules', 'typescript'), join(root, 'node_modules', 'typescript'));
    symlinkSync(join(ROOT, 'node_modules', '@types'), join(root, 'node_modules', '@types'));
    symlinkSync(join(ROOT, 'node_modules', 'undici-types'), join(root, 'node_modules', 'undici-types'));
  };
  const built = (): readonly string[] =>
    readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .toSorted();

  it('installs once, and again when the lock file has changed or the folder is gone', () => {
    const hello = ['exec', '-e', 'console.log("hello")'];
    expect(run(hello)).toMatchObject({
      status: 0,
      out: 'hello\n',
      err: expect.stringContaining('Installing dependencies …'),
    });
    expect(run(hello)).toEqual({ status: 0, out: 'hello\n', err: '' });
    writeFileSync(
      join(root, 'package-lock.json'),
      '{"lockfileVersion":3,"requires":true,"packages":{"":{"name":"empty"}}}',
    );
    expect(run(hello).err).toBe('Installing dependencies …\n');
    rmSync(join(root, 'node_modules'), { recursive: true });
    expect(run(hello).err).toBe('Installing dependencies …\n');
  });

  it('stops in one sentence, and is not deceived the next time, when installing fails', () => {
    writeFileSync(join(root, 'package-lock.json'), '{');
    expect(run(['exec', '--version'])).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('setup: npm ci for dependencies failed'),
    });
    expect(run(['exec', '--version']).status).toBe(1);
  });

  it('stops in one sentence when the only Node there is too old', () => {
    run(['exec', '--version']);
    const { status, err } = run(['exec', '--version'], { NODE_OPTIONS: `--import=${PRETEND}` });
    expect(status).toBe(1);
    expect(err).toMatch(
      /^kpromo needs Node\.js 22\.22\.2 or later on [\w-]+, this is 20\.20\.2: install a newer one from \S+ and try again\.\n$/,
    );
  });

  it('builds once, and again after a change, leaving nothing of a source that is gone', () => {
    provideCompiler();
    expect(run([])).toEqual({ status: 0, out: '', err: 'Building …\n' });
    expect(built()).toEqual(['deep/two.js', 'one.js']);
    expect(run([])).toEqual({ status: 0, out: '', err: '' });
    writeFileSync(join(root, 'src', 'one.ts'), 'export const one = 1;\n');
    rmSync(join(root, 'src', 'deep'), { recursive: true });
    expect(run([]).err).toBe('Building …\n');
    expect(built()).toEqual(['one.js']);
  });

  it('brings along what sources read when they run, and builds again when that changes', () => {
    provideCompiler();
    const style = (folder: string): string => join(root, folder, 'deep', 'page.css');
    writeFileSync(style('src'), 'a {}');
    run([]);
    expect(readFileSync(style('dist'), 'utf8')).toBe('a {}');
    writeFileSync(style('src'), 'b {}');
    expect(run([]).err).toBe('Building …\n');
    expect(readFileSync(style('dist'), 'utf8')).toBe('b {}');
  });

  it('keeps the last good build, and says so with the errors, when the sources do not compile', () => {
    provideCompiler();
    run([]);
    writeFileSync(join(root, 'src', 'one.ts'), 'export const one: string = 1;\n');
    const { status, out, err } = run(['run', '-e', 'console.log("ran")']);
    expect(status).toBe(1);
    expect(out).toMatch(/^src\/one\.ts\(1,14\): error TS2322: [^\n]*\n$/);
    expect(err).toBe('Building …\nsetup: the sources do not compile; the errors are above.\n');
    expect(built()).toEqual(['deep/two.js', 'one.js']);
    expect(readdirSync(root).filter((name) => name.startsWith('dist.'))).toEqual([]);
  });

  it('runs a script with its Node first on PATH and ends with its exit code', () => {
    const script = `const { status } = require('node:child_process').spawnSync('node', ['-e', 'process.exit(process.execPath === process.argv[1] ? 7 : 1)', process.execPath]); process.exit(status);`;
    expect(run(['exec', '-e', script]).status).toBe(7);
  });

  it('passes a signal on, and ends as the script did', async () => {
    run(['exec', '--version']);
    const script = `process.on('SIGTERM', () => { console.log('ending'); process.exit(143); }); setInterval(() => {}, 1000); console.log('up');`;
    const child = spawn(process.execPath, [setup, 'exec', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString('utf8');
      if (out === 'up\n') child.kill('SIGTERM');
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect([code, signal, out]).toEqual([143, null, 'up\nending\n']);
  });

  it('dies of the signal that its script died of', () => {
    run(['exec', '--version']);
    const { signal } = spawnSync(process.execPath, [setup, 'exec', '-e', `process.kill(process.pid, 'SIGKILL')`]);
    expect(signal).toBe('SIGKILL');
  });
});
