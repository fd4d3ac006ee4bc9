import type { TagPlace } from '../../errors.ts';
import { DEEPEN } from '../../git/explain.ts';
import { PromotionError } from '../../errors.ts';
import type { ObjectId } from '../../git/objects.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { adderOf, commitAt, disputedTags, movesOf } from './entry-commits.ts';
import {
  followEntries,
  type EntrySpan,
  type Followed,
  type FollowedEntries,
  type TagMove,
} from './followed-entries.ts';
import type { ManifestRepository } from './load-commit.ts';
import { readHistory, type TreeHistory } from './tree-history.ts';

/** A tag that an image name has now. */
export type CurrentTag = { readonly name: string; readonly tag: string; readonly digest: Digest };

/** Answers about tags from the history of a tree. */
export type TagHistory = {
  /** Returns true if another digest ever had a tag under a name that may be of the same repository. */
  mayMove(name: string, tag: string): boolean;
  /** The last digest that had a tag alone at the base of the comparison; undefined if none ever had. */
  owner(repository: RepositoryName, tag: string): TagPlace | undefined;
  /** The commit that gave a digest this tag at the base, and the place in it. */
  before(repository: RepositoryName, tag: string, digest: Digest): TagPlace | undefined;
  /** The commit that gave a digest this tag up to HEAD; undefined if it is not committed. */
  now(repository: RepositoryName, tag: string, digest: Digest): TagPlace | undefined;
  /** False if a shallow clone lacks older commits. */
  readonly isWhole: boolean;
};

/** Reads the history of these tags before and after a base commit. Throws GIT. */
export async function tagHistory(
  repository: ManifestRepository,
  base: ObjectId,
  tags: readonly CurrentTag[],
): Promise<TagHistory> {
  const mentions = new Set(tags.map(({ tag }) => tag));
  const history = await readHistory(repository, await repository.git.commit('HEAD'), mentions);
  const index = history.commits.findIndex(({ id }) => id === base);
  // a base that was merged into HEAD is not on HEAD's own branch
  const older = index < 0 ? await readHistory(repository, base, mentions) : history;
  // twenty mirrors multiply all entries: only tags that ever had two digests are followed
  const mayMove = disputedTags([tags, ...[older, history].map(({ steps }) => steps.flatMap(({ added }) => added))]);
  const followed: Followed = {
    isNear: ({ name, tag }) => tag !== undefined && mayMove(name, tag),
    isWanted: () => true,
  };
  const before = followEntries(older, followed, index < 0 ? undefined : index);
  const now = followEntries(history, followed);
  const place = (of: TreeHistory, span: EntrySpan | undefined): TagPlace | undefined => span && placeOf(of, span);
  return {
    mayMove,
    isWhole: older.isWhole,
    owner: (name, tag) => place(older, before.owner(name, tag)),
    before: (name, tag, digest) => place(older, openSpan(before, name, tag, digest)),
    now: (name, tag, digest) => place(history, openSpan(now, name, tag, digest)),
  };
}

function openSpan(
  { spans }: FollowedEntries,
  repository: RepositoryName,
  tag: string,
  digest: Digest,
): EntrySpan | undefined {
  return spans.findLast(
    (span) =>
      span.repository === repository && span.tag === tag && span.digest === digest && span.removed === undefined,
  );
}

function placeOf(history: TreeHistory, span: EntrySpan): TagPlace {
  const by = adderOf(history, span);
  const { digest, at } = span;
  return by === undefined
    ? { digest, at, unknown: 'added by a commit that this shallow clone lacks' }
    : { digest, at, commit: by.id, pullRequest: by.pullRequest };
}

/** A tag that moved in the past. */
export type PastMove = {
  readonly repository: RepositoryName;
  readonly name: string;
  readonly tag: string;
  readonly places: readonly [before: TagPlace, now: TagPlace];
};

/** Finds every tag that moved up to a commit, oldest first. Throws GIT, also for a shallow clone. */
export async function pastMoves(repository: ManifestRepository, tip: ObjectId): Promise<readonly PastMove[]> {
  const history = await readHistory(repository, tip);
  if (!history.isWhole) throw new PromotionError('GIT', 'the history of this clone is not complete', { hint: DEEPEN });
  return movesOf(history).map((move) => pastMove(history, move));
}

function pastMove(history: TreeHistory, { from, to, commit }: TagMove): PastMove {
  const { repository, name, tag = '' } = to;
  const by = commitAt(history, commit);
  const now = { digest: to.digest, at: to.at, commit: by?.id, pullRequest: by?.pullRequest };
  return { repository, name, tag, places: [placeOf(history, from), now] };
}
