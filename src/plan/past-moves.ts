import type { Failure } from '../errors.ts';
import type { PastMove } from '../manifest/history/tag-history.ts';
import { placeText } from './moved-tags.ts';

/** Returns one failure for each tag that moved, with all the repositories in which the same commits moved it. */
export function pastMoveFailures(moves: readonly PastMove[]): Failure[] {
  const alike = Map.groupBy(moves, ({ name, tag, places }) => JSON.stringify([name, tag, places]));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { name, tag, places } = first;
    const [before, now] = places;
    return {
      phase: 'setup',
      code: 'TAG_MOVE',
      message: `tag '${tag}' of ${name} moved from ${placeText(before)} to ${placeText(now)}; tag moves are not supported`,
      hint: 'production keeps the digest that it got first: if the tree wants the other one, give that a new tag',
      at: now.at,
      image: name,
      digest: now.digest,
      refs: group.map(({ repository }) => `${repository}:${tag}`),
      places,
    };
  });
}
