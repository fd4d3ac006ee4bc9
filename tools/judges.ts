// Builds the Go programs that integration tests use into the user's cache, each once per version.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { cachedJudge, goProblem, JUDGES } from '../test/support/judges.ts';
import type { Judge } from '../test/support/judges.ts';

/** Builds the judge into the cache. Returns false only if Go was available and the build failed. */
function provide(judge: Judge): boolean {
  const target = cachedJudge(judge);
  if (existsSync(target)) return true;
  const problem = goProblem(judge);
  if (problem !== undefined) {
    console.log(`judge ${judge.name}: skipped: ${problem}`);
    return true;
  }
  console.log(`building ${basename(target)} …`);
  mkdirSync(dirname(target), { recursive: true });
  // Built in a separate folder, so that an interrupted build leaves no incomplete judge.
  const aside = mkdtempSync(join(dirname(target), '.building-'));
  try {
    const start = performance.now();
    const { status } = build(judge, aside);
    console.log(`… after ${Math.round((performance.now() - start) / 1000)} s`);
    if (status === 0) renameSync(join(aside, binaryOf(judge)), target);
    else console.log(`judge ${judge.name}: the build failed; see Go's messages above`);
    return status === 0;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/**
 * Halves the time of linking (no symbols) and cuts compiling by a quarter (no optimisation): cosign takes 124 s instead
 * of 170 s.
 */
const QUICKLY = ['-ldflags=-s', '-gcflags=all=-N -l'] as const;

function binaryOf({ name, source }: Pick<Judge, 'name' | 'source'>): string {
  return 'binary' in source && source.binary !== undefined ? source.binary : name;
}

function build({ name, version, go, source }: Judge, aside: string): { readonly status: number | null } {
  if ('folder' in source)
    return spawnSync('go', ['build', ...QUICKLY, '-o', join(aside, name), '.'], {
      cwd: source.folder,
      stdio: 'inherit',
    });
  if ('file' in source) return copyOf(`${source.module}@${version}`, source.file, join(aside, name));
  if (source.module !== undefined) {
    writeFileSync(join(aside, 'go.mod'), `module judge\n\ngo ${go}\n\nrequire ${source.module} ${version}\n`);
    const output = join(aside, binaryOf({ name, source }));
    return spawnSync('go', ['build', ...QUICKLY, '-mod=mod', '-o', output, source.package], {
      cwd: aside,
      stdio: 'inherit',
    });
  }
  return spawnSync('go', ['install', ...QUICKLY, `${source.package}@${version}`], {
    cwd: aside,
    stdio: 'inherit',
    env: { ...process.env, GOBIN: aside },
  });
}

/** Copies a file of a module, executable, because that is how tests find the other judges. */
function copyOf(module: string, file: string, target: string): { readonly status: number | null } {
  const { status, stdout } = spawnSync('go', ['mod', 'download', '-json', module], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) return { status };
  copyFileSync(join((JSON.parse(stdout) as { Dir: string }).Dir, file), target);
  chmodSync(target, 0o755);
  return { status };
}

const results = JUDGES.map(provide);
process.exitCode = results.every(Boolean) ? 0 : 1;
