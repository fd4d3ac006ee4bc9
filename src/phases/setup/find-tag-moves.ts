import { isPromotionError, type Failure, type TagPlace } from '../../errors.ts';
import { DEEPEN } from '../../git/explain.ts';
import type { TreeDiff } from '../../manifest/diff/tree-diff.ts';
import type { DiffBase } from '../../manifest/history/diff-base.ts';
import type { TagHistory } from '../../manifest/history/tag-history.ts';
import { tagAt, type ImageSet } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { movedTagFailures, tagChanges, type FoundTagMove, type TagChange } from '../../plan/moved-tags.ts';

/** The tags that a change moves, and the reason if some could not be judged. */
type TagMoves = { readonly failures: readonly Failure[]; readonly unjudged?: readonly Failure[] };

/** Finds the tags that another digest had in the tree before: in the base, or earlier. */
export async function findTagMoves(
  { base, commit, tagHistory }: DiffBase,
  diff: Pick<TreeDiff, 'changes' | 'removed'>,
  head: readonly ImageSet[],
): Promise<TagMoves> {
  const touched = [...diff.changes, ...diff.removed];
  const tags = touched.flatMap(({ name, digest, tags: all }) => all.map((tag) => ({ name, tag, digest })));
  if (tags.length === 0 || commit === undefined) return { failures: [] };
  const history = await orReason(async () => tagHistory?.(tags));
  const known = typeof history === 'object' ? history : undefined;
  const changes = tagChanges(wantedBy(base.projects), head, diff, known?.mayMove);
  const failures = movedTagFailures(changes.flatMap((change) => moveOf(change, history) ?? []));
  if (known?.isWhole === true) return { failures };
  return { failures, unjudged: unjudged(diff, failures, history) };
}

/** Returns the reason if Git cannot tell. */
async function orReason<T>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return error.message;
  }
}

function moveOf(change: TagChange, known: TagHistory | string | undefined): FoundTagMove | undefined {
  const { repository, tag, now, before } = change;
  const history = typeof known === 'object' ? known : undefined;
  const reason = { unknown: typeof known === 'string' ? known : undefined };
  const was: TagPlace | undefined = before
    ? { ...reason, ...history?.before(repository, tag, before.digest), digest: before.digest, at: tagAt(before, tag) }
    : history?.owner(repository, tag);
  if (was === undefined || was.digest === now.digest) return undefined;
  const is = { ...reason, ...history?.now(repository, tag, now.digest), digest: now.digest, at: tagAt(now, tag) };
  return { repository, tag, now, places: [was, is] };
}

/** Returns the failure for new tags whose earlier digests are unknown. */
function unjudged(
  { changes }: Pick<TreeDiff, 'changes'>,
  moves: readonly Failure[],
  history: TagHistory | string | undefined,
): readonly Failure[] {
  const moved = new Set(moves.flatMap(({ refs = [] }) => refs));
  const open = changes.flatMap(({ name, tags, destinations: [first] }) =>
    tags.flatMap((tag) => (moved.has(`${first}/${name}:${tag}`) ? [] : [`${name}:${tag}`])),
  );
  const { size } = new Set(open);
  if (history === undefined || size === 0) return [];
  const tags = `${size} ${size === 1 ? 'tag is' : 'tags are'} new`;
  const reason = typeof history === 'string' ? history : 'this clone does not go back to the first commit';
  const message = `${tags}, and whether another digest had one of them before cannot be told: ${reason}`;
  const hint = typeof history === 'string' ? 'correct that, and run again' : DEEPEN;
  return [{ phase: 'setup', code: 'GIT', message, hint }];
}
