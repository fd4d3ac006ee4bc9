import type { Failure } from '../errors.ts';
import { aboutImage } from './about-image.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { tagAt, type WantedImage } from './desired/desired.ts';

/** A tag that points to another digest in one repository. `digestThere`: the repository has the wanted digest under other tags. */
type FoundMove = {
  readonly repository: RepositoryName;
  readonly tag: string;
  readonly current: Digest;
  readonly digestThere: boolean;
};

/** Returns one failure per tag and current digest, with all repositories in which the tag points to it. */
export function tagMoveFailures(phase: string, image: WantedImage, moves: readonly FoundMove[]): Failure[] {
  const alike = Map.groupBy(moves, ({ tag, current, digestThere }) => `${tag} ${current} ${digestThere}`);
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { tag, current, digestThere } = first;
    return {
      phase,
      code: 'TAG_MOVE',
      message: digestThere
        ? `tag ${tag}: tag move detected: it points to ${current}, the manifest wants ${image.digest}, which is there under other tags`
        : `tag '${tag}' in dest points to ${current}, not ${image.digest}; tag moves are not supported`,
      hint: `tags are immutable: give ${image.digest} a new tag, or set the entry back to ${current}`,
      ...aboutImage(
        image,
        group.map(({ repository }) => `${repository}:${tag}`),
      ),
      at: tagAt(image, tag),
    };
  });
}
