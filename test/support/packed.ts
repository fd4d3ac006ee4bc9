import { execFileSync, spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { ensureBuilt } from './built-cli.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The file that `npm publish` uploads, in a folder of its own. */
export type Packed = {
  readonly folder: string;
  readonly tgz: string;
  readonly paths: readonly string[];
  /** In bytes. */
  readonly size: number;
  readonly unpackedSize: number;
  remove(): void;
};

type PackOutput = {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
};

/** Packs the project. */
export async function pack(): Promise<Packed> {
  await ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'kpromo-packed-'));
  const args = ['pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`];
  const [out] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' })) as [PackOutput];
  return {
    folder,
    tgz: join(folder, out.filename),
    paths: out.files.map(({ path }) => path),
    size: out.size,
    unpackedSize: out.unpackedSize,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The environment of a user without any configuration: an empty home, and a registry of npm that refuses connections. */
export function emptyHome(folder: string): Readonly<Record<string, string>> {
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  return {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    HOME: home,
    // The discard port, which nothing listens on.
    npm_config_registry: 'http://127.0.0.1:9/',
  };
}

/** Runs a command in the folder to its end. */
export function runIn(folder: string, [program = '', ...args]: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { cwd: folder, encoding: 'utf8', env: emptyHome(folder) });
}
