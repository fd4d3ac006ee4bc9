import { failureOf, type Failure } from '../../errors.ts';
import { aboutImage } from '../../plan/about-image.ts';
import { refsOf } from '../../image/reference.ts';
import { tagMoveFailures } from '../../plan/tag-moves.ts';
import type { PromotedImage } from '../images.ts';
import { addAll } from '../../lists.ts';

/** Returns one failure for each kind of trouble, with all the mirrors that have it; that the run was stopped is none of an image. */
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
