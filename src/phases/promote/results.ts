import { PromotionError, failureOf, type Failure } from '../../errors.ts';
import { refsOf, type RepositoryName } from '../../image/reference.ts';
import { addAll } from '../../lists.ts';
import { aboutImage } from '../../plan/about-image.ts';
import { tagMoveFailures } from '../../plan/tag-moves.ts';
import type { CopyResult } from '../../registry/copying/copier.ts';
import type { TagMove } from '../../registry/copying/mirror.ts';
import type { PlannedImage, PromotedImage, TargetResult } from '../images.ts';

/** Returns the result of a copy. A target keeps the tags that it got; one that got none has failed. */
export function resultOf(
  { wanted }: Pick<PlannedImage, 'wanted'>,
  { mirrors, sourceReads }: CopyResult,
): PromotedImage {
  const results = mirrors.map(({ target, error, moves, meter, ...result }): TargetResult => {
    const tags = target.tags.filter((tag) => moves.every((move) => move.tag !== tag));
    const failure = error ?? (moves.length > 0 && tags.length === 0 ? tagMoved(target.repository, moves) : undefined);
    return {
      ...target,
      tags: failure === undefined ? tags : target.tags,
      ...meter,
      ...result,
      moves: moves.length > 0 ? moves : undefined,
      error: failure,
    };
  });
  return { wanted, results, sourceReads };
}

function tagMoved(repository: RepositoryName, moves: readonly TagMove[]): PromotionError {
  const named = moves.map(({ tag, current }) => `${tag} points to ${current}`).join(', ');
  return new PromotionError('TAG_MOVE', `${repository}: ${named}; tag moves are not supported`, {
    side: 'destination',
  });
}

/** Returns one failure for each error code, with all the mirrors that have it. A stop of the run is not a failure of an image. */
export function failuresOf({ wanted, results }: PromotedImage): Failure[] {
  const moves = results.flatMap(({ repository, action, moves: found = [] }) =>
    found.map((move) => ({ ...move, repository, digestThere: action === 'tag' })),
  );
  const byCode = new Map<string, Failure & { readonly refs: string[] }>();
  for (const { repository, tags, error, moves: found = [] } of results) {
    if (error === undefined || error.code === 'ABORTED' || found.length > 0) continue;
    const failure = byCode.get(error.code) ?? { ...failureOf('promote', error, aboutImage(wanted, [])), refs: [] };
    addAll(failure.refs, refsOf(repository, tags, wanted.digest));
    byCode.set(error.code, failure);
  }
  return [...byCode.values(), ...tagMoveFailures('promote', wanted, moves)];
}
