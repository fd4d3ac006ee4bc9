import type { Failure } from '../../errors.ts';
import { diffTrees } from '../../manifest/diff/tree-diff.ts';
import type { DiffBase } from '../../manifest/history/diff-base.ts';
import type { PastMove } from '../../manifest/history/tag-history.ts';
import type { LoadedManifests } from '../../manifest/manifest.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import { pastMoveFailures } from '../../plan/past-moves.ts';
import type { LoadedDiff } from './changed-since.ts';
import { findTagMoves } from './find-tag-moves.ts';
import { leavingImages } from './leaving-images.ts';

/** How a run looks at the history of its tree. */
export type HistoryServices = {
  /** True if no registry is read: what the files and the clone cannot prove is then a failure. */
  readonly isOffline?: boolean;
  /** Finds the tags that moved up to the base, or up to HEAD without a diff, if the run looks for them; throws GIT. */
  readonly pastMoves?: (before: DiffBase | undefined) => Promise<PastMoves>;
};

/** Tags that moved up to the base of a comparison. */
export type PastMoves = { readonly moves: readonly PastMove[]; readonly base: DiffBase };

/** The tags that move, and what leaves the tree. */
export type MovedTags = {
  readonly failures: readonly Failure[];
  /** Moves in the base of a diff, and before. */
  readonly standing: readonly Failure[];
  readonly warnings: readonly Failure[];
};

/** Finds the tags that a change moves, those that moved in the past, and what leaves the tree. */
export async function movedTags(
  head: LoadedManifests,
  wanted: readonly ImageSet[],
  { before, diff }: { readonly before: DiffBase | undefined; readonly diff: LoadedDiff | undefined },
  { isOffline = false, pastMoves }: HistoryServices,
): Promise<MovedTags> {
  const past = await pastMoves?.(before);
  const old = pastMoveFailures(past?.moves ?? []);
  const base = before ?? past?.base;
  if (base === undefined) return { failures: [], standing: [], warnings: [] };
  const changed = diff?.diff ?? diffTrees(base.base.projects, head.projects);
  const { failures, unjudged = [] } = await findTagMoves(base, changed, wanted);
  const leaving = diff === undefined ? [] : leavingImages(base.base, head, changed, failures);
  return {
    failures: [...(before === undefined ? old : []), ...failures, ...(isOffline ? unjudged : [])],
    standing: before === undefined ? [] : old,
    // a run that reads the registries finds there whether a tag moves
    warnings: [...(isOffline ? [] : unjudged), ...leaving],
  };
}
