import { isPromotionError } from '../errors.ts';
import {
  COMMIT_FORMAT,
  comparisons,
  parseChanges,
  parseCommits,
  parseSizes,
  type Commit,
  type FileChange,
} from './commits.ts';
import type { ObjectId } from './objects.ts';
import type { GitRun } from './run.ts';

/** The first-parent history of a commit. */
export type OwnBranch = {
  /** Newest first. */
  readonly commits: readonly Commit[];
  /** False if the clone is shallow and lacks older commits. */
  readonly isWhole: boolean;
};

/** Queries to the history of a clone. Every query throws GIT if it cannot be answered. */
export type HistoryQueries = {
  /** Returns a commit's own branch: the commit, its first parent, and so on. */
  ownBranch(tip: ObjectId): Promise<OwnBranch>;
  /** Returns the last common ancestor of two commits; undefined if this clone has none. */
  mergeBase(one: ObjectId, other: ObjectId): Promise<ObjectId | undefined>;
  /** Returns the files at and below a path that each commit has otherwise than its first parent. */
  changes(commits: readonly Commit[], under: string): Promise<ReadonlyMap<ObjectId, readonly FileChange[]>>;
  /** Returns the sizes of these objects in bytes. */
  sizes(ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, number>>;
};

/** Returns the queries of a clone; `boundary` returns the commits whose parents it lacks. */
export function historyQueries(run: GitRun, boundary: () => Promise<ReadonlySet<ObjectId>>): HistoryQueries {
  return {
    ownBranch: async (tip) => {
      const commits = parseCommits(
        await run(['rev-list', '--first-parent', '--encoding=UTF-8', `--format=${COMMIT_FORMAT}`, tip, '--']),
      );
      const cut = await boundary();
      return { commits, isWhole: !commits.some(({ id }) => cut.has(id)) };
    },
    mergeBase: async (one, other) => {
      try {
        return (await run(['merge-base', one, other])).toString('utf8').split('\n')[0];
      } catch (error) {
        // exit code 1 without any message: https://git-scm.com/docs/git-merge-base
        if (isPromotionError(error, 'GIT') && error.message.endsWith('failed: exit code 1')) return undefined;
        throw error;
      }
    },
    changes: async (commits, under) => {
      if (commits.length === 0) return new Map();
      const place = under === '' ? [] : ['--', `:(top,literal)${under}`];
      return parseChanges(await run([...COMPARE, ...place], comparisons(commits)));
    },
    sizes: async (ids) =>
      ids.length === 0
        ? new Map()
        : parseSizes(await run(['cat-file', '--batch-check'], `${[...new Set(ids)].join('\n')}\n`)),
  };
}

/** Plumbing: no setting of the user changes its output. */
const COMPARE = [
  'diff-tree',
  '--stdin',
  '--root',
  '-r',
  '-z',
  '--raw',
  '--no-abbrev',
  '--no-renames',
  '--no-ext-diff',
  '--no-relative',
];
