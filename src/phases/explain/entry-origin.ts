import { asPromotionError, isPromotionError } from '../../errors.ts';
import type { EntryCommits, EntryQuery } from '../../manifest/history/entry-commits.ts';
import type { TreeCommit } from '../../manifest/history/entry-commits.ts';
import { unknown, type Fact } from '../../plan/explained/facts.ts';

/** Finds the commits of entries up to HEAD; throws GIT. */
export type FindCommits = (queries: readonly EntryQuery[]) => Promise<ReadonlyMap<EntryQuery, readonly EntryCommits[]>>;

/** Returns the commit that added an entry of the tree. */
export async function addedBy(find: FindCommits, query: EntryQuery): Promise<Fact<TreeCommit>> {
  const spans = await spansOf(find, [query]);
  if (typeof spans === 'string') return unknown(spans);
  const last = spans.at(-1);
  if (last === undefined || last.removed !== undefined) return unknown('the entry is not committed');
  return last.addedBy === undefined
    ? unknown('the commit is older than this shallow clone: run `git fetch --unshallow`')
    : { known: last.addedBy };
}

/** Returns when the tree wanted one of these; none if it never did, or if Git cannot tell. */
export async function formerEntries(
  find: FindCommits | undefined,
  queries: readonly EntryQuery[],
): Promise<readonly EntryCommits[]> {
  const spans = find === undefined ? [] : await spansOf(find, queries);
  return typeof spans === 'string' ? [] : spans;
}

async function spansOf(find: FindCommits, queries: readonly EntryQuery[]): Promise<readonly EntryCommits[] | string> {
  try {
    const found = await find(queries);
    return queries.flatMap((query) => found.get(query) ?? []).toSorted((one, other) => one.added - other.added);
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return asPromotionError(error).message;
  }
}
