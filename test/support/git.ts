import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { realClock } from '../../src/clock.ts';
import type { GitServices } from '../../src/git/run.ts';

/** A repository in a folder of its own, gone when disposed of. */
export type TestRepository = AsyncDisposable & {
  readonly path: string;
  /** Writes files, or removes those that are undefined. */
  write(files: Readonly<Record<string, string | undefined>>): Promise<void>;
  link(name: string, target: string): Promise<void>;
  /** Writes files and commits all there is; `at` is its time in milliseconds, noon of 2026-01-01 UTC unless given. */
  commit(files?: Readonly<Record<string, string | undefined>>, at?: number): Promise<string>;
  /** Runs git in it and gives what it prints. */
  git(...args: readonly string[]): string;
  /** Makes a clone with so many commits. */
  shallow(depth: number): Promise<TestRepository>;
};

export const NOON = Date.UTC(2026, 0, 1, 12);
export const DAY = 24 * 3600_000;

/** What the program's own git gets in tests: nothing of the user's configuration. */
export function gitServices(signal = new AbortController().signal): GitServices {
  return { env: { PATH: process.env['PATH'], HOME: '/nonexistent' }, clock: realClock(), signal };
}

/** An empty repository, whose objects are named by that hash. */
export async function createRepository(hash: 'sha1' | 'sha256' = 'sha1'): Promise<TestRepository> {
  const path = await emptyFolder();
  // What `git init` writes, without its process: starting one copies the page tables of this one, which takes 5 ms.
  for (const folder of ['objects', 'refs/heads']) await mkdir(join(path, '.git', folder), { recursive: true });
  await writeFile(join(path, '.git', 'HEAD'), 'ref: refs/heads/main\n');
  await writeFile(join(path, '.git', 'config'), hash === 'sha1' ? configOf(0) : `${configOf(1)}${SHA256}`);
  return repositoryAt(path);
}

/** As `git init` writes it, and without the maintenance that every commit would start. */
const configOf = (version: 0 | 1): string =>
  `[core]\n\trepositoryformatversion = ${version}\n\tbare = false\n\tlogallrefupdates = true\n[maintenance]\n\tauto = false\n`;
const SHA256 = '[extensions]\n\tobjectformat = sha256\n';

/** In one process of a shell, so that this process is copied once. */
const COMMIT = 'git add --all && git commit --quiet --allow-empty -m "a change"';

function repositoryAt(path: string): TestRepository {
  const git: TestRepository['git'] = (...args) => gitAt(path, args);
  const write: TestRepository['write'] = async (files) => {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await (text === undefined ? rm(join(path, name), { recursive: true }) : writeFile(join(path, name), text));
    }
  };
  return {
    path,
    git,
    write,
    link: async (name, target) => {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await symlink(target, join(path, name));
    },
    commit: async (files = {}, at = NOON) => {
      await write(files);
      const date = `${Math.floor(at / 1000)} +0000`;
      runAt(path, 'sh', ['-c', COMMIT], { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date });
      return headOf(path);
    },
    shallow: async (depth) => {
      const folder = await emptyFolder();
      gitAt(folder, ['clone', '--quiet', `--depth=${depth}`, `file://${path}`, '.']);
      return repositoryAt(folder);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** What `git rev-parse HEAD` prints after a commit, without its process. */
async function headOf(path: string): Promise<string> {
  const head = (await readFile(join(path, '.git', 'HEAD'), 'utf8')).trimEnd();
  const [, branch] = /^ref: (.*)$/.exec(head) ?? [];
  return branch === undefined ? head : (await readFile(join(path, '.git', branch), 'utf8')).trimEnd();
}

async function emptyFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'kpromo-git-')));
}

function gitAt(cwd: string, args: readonly string[]): string {
  return runAt(cwd, 'git', args, {});
}

function runAt(cwd: string, program: string, args: readonly string[], env: Readonly<Record<string, string>>): string {
  const who = { NAME: 'Tester', EMAIL: 'tester@example.com' };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      GIT_CONFIG_NOSYSTEM: '1',
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((role) =>
          Object.entries(who).map(([key, value]) => [`GIT_${role}_${key}`, value]),
        ),
      ),
      ...env,
    },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`);
  return stdout.trimEnd();
}
