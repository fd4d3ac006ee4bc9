import type { Commit } from '../../git/commits.ts';
import type { ObjectId } from '../../git/objects.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import {
  followEntries,
  type EntrySpan,
  type Followed,
  type FollowedEntries,
  type TagMove,
} from './followed-entries.ts';
import type { ManifestRepository } from './load-commit.ts';
import { readHistory, type TreeHistory } from './tree-history.ts';

/** A commit of a tree's own branch. */
export type TreeCommit = {
  readonly id: ObjectId;
  /** When it was committed, in milliseconds of the clock. */
  readonly time: number;
  /** The first line of its message: foreign text. */
  readonly subject: string;
  /** The number of the pull request that it merges, if its subject names one. */
  readonly pullRequest: number | undefined;
};

/** An entry in a destination repository: a digest, a tag, or a tag of one digest. */
export type EntryQuery = {
  readonly repository: RepositoryName;
  readonly digest?: Digest | undefined;
  readonly tag?: string | undefined;
};

/** The time during which a tree wanted an entry. */
export type EntryCommits = EntrySpan & {
  /** The commit that added it; undefined if a shallow clone lacks it. */
  readonly addedBy: TreeCommit | undefined;
  /** The commit that removed it; undefined if the tree still has it. */
  readonly removedBy: TreeCommit | undefined;
};

/**
 * Finds the commits that added and removed entries, in the first-parent history up to a commit. Returns for each query
 * every time that the tree wanted it, oldest first; none if it never did. Throws GIT.
 */
export async function entryCommits(
  repository: ManifestRepository,
  tip: ObjectId,
  queries: readonly EntryQuery[],
): Promise<ReadonlyMap<EntryQuery, readonly EntryCommits[]>> {
  if (queries.length === 0) return new Map();
  const history = await readHistory(repository, tip, mentionsOf(queries));
  const spans = Map.groupBy(followQueries(history, queries).spans, ({ repository: name }) => name);
  return new Map(
    queries.map((query) => {
      const found = (spans.get(query.repository) ?? []).filter((span) => isAbout(query, span));
      return [query, found.map((span) => withCommits(history, span))];
    }),
  );
}

/** Returns a word of each query that a file with its entry contains. */
function mentionsOf(queries: readonly EntryQuery[]): ReadonlySet<string> {
  return new Set(queries.flatMap(({ digest, tag }) => digest ?? tag ?? []));
}

/** Follows the entries that queries are about. */
function followQueries(history: TreeHistory, queries: readonly EntryQuery[]): FollowedEntries {
  const byRepository = Map.groupBy(queries, ({ repository }) => repository);
  const names = new Set(queries.map(({ repository }) => lastName(repository)));
  return followEntries(history, {
    isNear: ({ name }) => names.has(lastName(name)),
    isWanted: (repository, fact) =>
      byRepository.get(repository)?.some((query) => isAbout(query, { repository, ...fact })) === true,
  });
}

/** Finds every tag that moved in a history: given to a digest after another one had it alone. */
export function movesOf(history: TreeHistory): readonly TagMove[] {
  const mayMove = disputedTags(history.steps.map(({ added }) => added));
  // twenty mirrors multiply all entries: only tags that ever had two digests are followed
  const isNear: Followed['isNear'] = ({ name, tag }) => tag !== undefined && mayMove(name, tag);
  return followEntries(history, { isNear, isWanted: () => true }).moves;
}

/** Finds the tags that have several digests under names that may be of the same repository. */
export function disputedTags(
  lists: readonly (readonly { readonly name: string; readonly tag: string | undefined; readonly digest: Digest }[])[],
): (name: string, tag: string) => boolean {
  const digests = new Map<string, Digest | 'several'>();
  for (const list of lists)
    for (const { name, tag, digest } of list) {
      if (tag === undefined) continue;
      const key = `${lastName(name)}:${tag}`;
      digests.set(key, (digests.get(key) ?? digest) === digest ? digest : 'several');
    }
  return (name, tag) => digests.get(`${lastName(name)}:${tag}`) === 'several';
}

/** Adds its commits to a span. */
function withCommits(history: TreeHistory, span: EntrySpan): EntryCommits {
  return { ...span, addedBy: adderOf(history, span), removedBy: commitAt(history, span.removed) };
}

/** Returns the commit that added an entry; undefined if a shallow clone lacks it. */
export function adderOf(history: TreeHistory, { added }: EntrySpan): TreeCommit | undefined {
  return added === 0 && !history.isWhole ? undefined : commitAt(history, added);
}

/** Returns the commit with this index. */
export function commitAt({ commits }: TreeHistory, index: number | undefined): TreeCommit | undefined {
  const commit = commits[index ?? -1];
  return commit === undefined ? undefined : treeCommit(commit);
}

// the subjects of a merge commit and of a squashed one: https://docs.github.com/articles/about-merge-methods-on-github
const MERGE = /^Merge pull request #(\d{1,9})\b|\(#(\d{1,9})\)$/;

/** Reads the number of the pull request from the subject of a commit. */
export function treeCommit({ id, time, subject }: Commit): TreeCommit {
  const [, merged, squashed] = MERGE.exec(subject) ?? [];
  const number = merged ?? squashed;
  return { id, time, subject, pullRequest: number === undefined ? undefined : Number(number) };
}

function isAbout(
  { repository, digest, tag }: EntryQuery,
  entry: { readonly repository: RepositoryName; readonly digest: Digest; readonly tag: string | undefined },
): boolean {
  if (entry.repository !== repository || entry.tag !== tag) return false;
  return digest === undefined || entry.digest === digest;
}

/** Registry and name may divide a repository at any `/`, but its last part always belongs to the name. */
function lastName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
