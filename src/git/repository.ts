import { lstat, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { isPromotionError, PromotionError } from '../errors.ts';
import { DEEPEN, inNoRepository } from './explain.ts';
import { historyQueries, type HistoryQueries } from './history.ts';
import { parentsOf, parseObjects, parseTree, type ObjectId, type TreeEntry } from './objects.ts';
import { publicUrl } from './origin.ts';
import { gitIn, type GitRun, type GitServices } from './run.ts';

/** Queries to a clone; times in milliseconds of the clock. Every query throws GIT if it cannot be answered. */
export type GitRepository = HistoryQueries & {
  /** The absolute path of the working tree, links resolved. */
  readonly topLevel: string;
  /** Resolves a name such as `HEAD` or a hash to a commit. */
  commit(name: string): Promise<ObjectId>;
  /** Returns the first parent; undefined for the very first commit. */
  parent(commit: ObjectId): Promise<ObjectId | undefined>;
  /** Returns the oldest commit up to HEAD that is not older than `time`, as `git log --since` lists them. */
  oldestSince(time: number): Promise<ObjectId | undefined>;
  /** Returns the last commit of HEAD's own branch at `time`; undefined if the clone has none that old. */
  lastBefore(time: number): Promise<ObjectId | undefined>;
  /** Returns true if the clone lacks old commits. */
  isShallow(): Promise<boolean>;
  /** Returns all files of a commit at and below a path. */
  list(commit: ObjectId, under: string): Promise<readonly TreeEntry[]>;
  /** Returns the bytes of these objects, read by one process. */
  read(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, Uint8Array>>;
  /** Returns the URL of the clone's origin without credentials; undefined if it is not the URL of a server. */
  origin(): Promise<string | undefined>;
};

/** Opens the repository whose working tree contains this folder; throws GIT. */
export async function openRepository(folder: string, services: GitServices): Promise<GitRepository> {
  services.signal.throwIfAborted();
  if (!(await mayBeClone(folder))) throw inNoRepository(folder);
  const run = gitIn(folder, services);
  const line = async (...args: readonly string[]): Promise<string> => (await run(args)).toString('utf8').trimEnd();
  const lines = async (...args: readonly string[]): Promise<string[]> =>
    (await line(...args)).split('\n').filter((text) => text !== '');
  const topLevel = (await run(['rev-parse', '--show-toplevel'])).toString('utf8').replace(/\n$/, '');
  const isShallow = async (): Promise<boolean> => (await line('rev-parse', '--is-shallow-repository')) === 'true';
  const commit = (name: string): Promise<ObjectId> => resolve(run, name, isShallow);
  return {
    topLevel,
    commit,
    isShallow,
    parent: async (child) => {
      const [first] = parentsOf(await run(['cat-file', 'commit', child]));
      return first === undefined ? undefined : commit(first);
    },
    oldestSince: async (time) => {
      const found = await lines('rev-list', `--max-age=${seconds(time)}`, 'HEAD', '--');
      const cut = await boundary(line, isShallow);
      if (found.some((id) => cut.has(id)))
        throw new PromotionError('GIT', 'the clone does not go back far enough', { hint: DEEPEN });
      return found.at(-1);
    },
    lastBefore: async (time) =>
      (await lines('rev-list', '--first-parent', `--min-age=${seconds(time)}`, '--max-count=1', 'HEAD', '--'))[0],
    list: async (id, under) =>
      parseTree(await run(['ls-tree', '-r', '-z', '-l', '--full-tree', id, ...(under === '' ? [] : ['--', under])])),
    read: async (ids) =>
      ids.length === 0
        ? new Map()
        : parseObjects(await run(['cat-file', '--batch'], `${[...new Set(ids)].join('\n')}\n`)),
    ...historyQueries(run, () => boundary(line, isShallow)),
    origin: async () => publicUrl(await line('config', '--default', '', '--get', 'remote.origin.url')),
  };
}

/**
 * Returns false if neither the folder nor one above has `.git`: what git would find out in a process of its own, since it
 * gets no GIT_DIR. Most runs that only want to know about history are in no repository.
 */
async function mayBeClone(folder: string): Promise<boolean> {
  const start = await realpath(folder).catch(() => undefined);
  for (let place = start; place !== undefined;) {
    const isThere = await lstat(path.join(place, '.git')).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT',
    );
    if (isThere) return true;
    const above = path.dirname(place);
    if (above === place) return false;
    place = above;
  }
  // git says why
  return true;
}

async function resolve(run: GitRun, name: string, isShallow: () => Promise<boolean>): Promise<ObjectId> {
  try {
    return (await run(['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`])).toString('utf8').trimEnd();
  } catch (cause) {
    if (!isPromotionError(cause, 'GIT')) throw cause;
    const hint = (await isShallow())
      ? DEEPEN
      : name === 'HEAD'
        ? 'commit the manifests first'
        : `check the name, or fetch the commit that it means, for example with \`git fetch origin\``;
    throw new PromotionError('GIT', `this clone has no commit ${name}`, { hint, cause });
  }
}

/** Returns the commits of a shallow clone whose parents are missing. */
async function boundary(
  line: (...args: readonly string[]) => Promise<string>,
  isShallow: () => Promise<boolean>,
): Promise<ReadonlySet<ObjectId>> {
  if (!(await isShallow())) return new Set();
  const file = await line('rev-parse', '--path-format=absolute', '--git-path', 'shallow');
  return new Set((await readFile(file, 'utf8')).split('\n'));
}

function seconds(time: number): number {
  return Math.floor(time / 1000);
}
