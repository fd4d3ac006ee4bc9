import { isPromotionError, type Failure, type TagPlace } from '../../errors.ts';
import { DEEPEN } from '../../git/explain.ts';
import type { TreeDiff } from '../../manifest/diff/tree-diff.ts';
import type { DiffBase } from '../../manifest/history/diff-base.ts';
import type { TagHistory } from '../../manifest/history/tag-history.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { movedTagFailures, tagChanges, type FoundTagMove, type TagChange } from '../../plan/moved-tags.ts';

/** The tags that a change moves, and the reason if some could not be judged. */
type TagMoves = { readonly failures: readonly Failure[]; readonly unjudged?: readonly Failure[] };

/** Finds the tags that another digest had in the tree before: in the base, or earlier. */
export async function findTagMoves(
  before: DiffBase,
  diff: Pick<TreeDiff, 'changes' | 'removed'>,
  head: readonly ImageSet[],
): Promise<TagMoves> {
  const changes = tagChanges(wantedBy(before.base.projects), head, diff);
  if (changes.length === 0 || before.commit === undefined) return { failures: [] };
  const history = await historyOf(before, changes);
  const failures = movedTagFailures(changes.flatMap((change) => moveOf(change, history) ?? []));
  if (typeof history === 'object' && history.isWhole) return { failures };
  const open = changes.filter((change) => change.before === undefined && moveOf(change, history) === undefined);
  return { failures, unjudged: unjudged(open, history) };
}

/** Reads the history of the tags; returns the reason if Git cannot. */
async function historyOf(
  { tagHistory }: DiffBase,
  changes: readonly TagChange[],
): Promise<TagHistory | string | undefined> {
  try {
    return await tagHistory?.(changes.map(({ repository, tag }) => ({ repository, tag })));
  } catch (error) {
    if (!isPromotionError(error, 'GIT')) throw error;
    return error.message;
  }
}

function moveOf(change: TagChange, known: TagHistory | string | undefined): FoundTagMove | undefined {
  const { repository, tag, now, before } = change;
  const history = typeof known === 'object' ? known : undefined;
  const nobody = { unknown: typeof known === 'string' ? known : undefined };
  const was: TagPlace | undefined = before
    ? { ...nobody, ...history?.before(repository, tag, before.digest), digest: before.digest, at: before.tagAt(tag) }
    : history?.owner(repository, tag);
  if (was === undefined || was.digest === now.digest) return undefined;
  const is = { ...nobody, ...history?.now(repository, tag, now.digest), digest: now.digest, at: now.tagAt(tag) };
  return { repository, tag, now, places: [was, is] };
}

function unjudged(open: readonly TagChange[], history: TagHistory | string | undefined): readonly Failure[] {
  const [first] = open;
  if (history === undefined || first === undefined) return [];
  const { size } = new Set(open.map(({ tag, now }) => `${now.name}:${tag}`));
  const tags = `${size} ${size === 1 ? 'tag is' : 'tags are'} new`;
  const reason = typeof history === 'string' ? history : 'this clone does not go back to the first commit';
  const message = `${tags}, and whether another digest had one of them before cannot be told: ${reason}`;
  const hint = typeof history === 'string' ? 'correct that, and run again' : DEEPEN;
  return [{ phase: 'setup', code: 'GIT', message, hint, at: first.now.tagAt(first.tag) }];
}
