import type { GitServices } from '../../git/run.ts';
import { isPromotionError } from '../../errors.ts';
import type { LoadRequest } from '../load.ts';
import { entryCommits, type EntryQuery, type TreeCommit } from './entry-commits.ts';
import { repositoryOf } from './load-commit.ts';

/** What the history says of entries that are not in the tree. */
export type Removals = {
  /** Returns the commit that removed the entry; `uncommitted` if HEAD still has it; undefined if no commit had it. */
  of(entry: EntryQuery): TreeCommit | 'uncommitted' | undefined;
  /** Why an entry without a commit may have been in the tree nevertheless. */
  readonly unknown?: string | undefined;
};

/** Finds the commits of HEAD's own branch that removed these entries from the tree. */
export async function removedEntries(
  request: LoadRequest,
  entries: readonly EntryQuery[],
  services: GitServices,
): Promise<Removals> {
  if (entries.length === 0) return { of: () => undefined };
  try {
    const repository = await repositoryOf(request, services);
    const { git } = repository;
    const found = await entryCommits(repository, await git.commit('HEAD'), entries);
    return {
      of: (entry) => {
        const last = found.get(entry)?.at(-1);
        return last && (last.removedBy ?? 'uncommitted');
      },
      unknown: (await git.isShallow()) ? 'the clone is shallow' : undefined,
    };
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return { of: () => undefined, unknown: error.message };
  }
}
