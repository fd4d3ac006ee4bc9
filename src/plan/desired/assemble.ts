import { failureOf, PromotionError, type Failure } from '../../errors.ts';
import { aboutImage } from '../about-image.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Target } from '../../image/target.ts';
import type { Lack } from '../compare.ts';
import type { WantedImage } from './desired.ts';
import { tagMoveFailures } from '../tag-moves.ts';

/** The missing tags in repositories, by image. */
export type Lacks = ReadonlyMap<WantedImage, readonly Lack[]>;

/** The state of a digest at its source: present, missing, or an error if the source could not be read. */
export type SourceState = 'there' | 'lost' | PromotionError;

/** An image that exists in its source, with the targets that lack it. */
export type PlannedImage = { readonly wanted: WantedImage; readonly targets: readonly Target[] };

/** Groups missing tags by image. */
export function byImage(lacks: Iterable<Lack>): Lacks {
  return Map.groupBy(lacks, ({ image }) => image);
}

/**
 * Decides for every missing tag: pending, lost at the source, or pointing elsewhere. If several images want it, it is
 * pending once, from the first source that has the digest.
 */
export function assemble(
  pending: Lacks,
  stateOf: (image: WantedImage) => SourceState,
): { readonly due: readonly PlannedImage[]; readonly failures: readonly Failure[] } {
  const taken = new Set<string>();
  const there = [...pending].filter(([image]) => stateOf(image) === 'there');
  const due = there.flatMap(([image, lacks]) => dueOf(image, lacks, taken));
  const moves = there.flatMap(([image, lacks]) =>
    tagMoveFailures(
      'plan',
      image,
      lacks.flatMap(({ repository, moves: found, digestMissing }) =>
        found.map((move) => ({ ...move, repository, digestThere: !digestMissing })),
      ),
    ),
  );
  const missing = [...pending].flatMap(([image, lacks]) =>
    missingSource(image, lacks, { state: stateOf(image), taken }),
  );
  return { due, failures: [...missing, ...moves] };
}

function edge(repository: RepositoryName, image: WantedImage, tag?: string): string {
  return tag === undefined ? `${repository}@${image.digest}` : `${repository}:${tag}@${image.digest}`;
}

function dueOf(image: WantedImage, lacks: readonly Lack[], taken: Set<string>): PlannedImage[] {
  const targets: Target[] = [];
  for (const { repository, missingTags, digestMissing, isNew } of lacks) {
    const tags = missingTags.filter((tag) => !taken.has(edge(repository, image, tag)));
    const tagless = image.tags.length === 0 && digestMissing && !taken.has(edge(repository, image));
    if (tags.length === 0 && !tagless) continue;
    for (const tag of tags) taken.add(edge(repository, image, tag));
    taken.add(edge(repository, image));
    targets.push({ repository, action: digestMissing ? 'copy' : 'tag', tags, isNew });
  }
  return targets.length === 0 ? [] : [{ wanted: image, targets }];
}

function missingSource(
  image: WantedImage,
  lacks: readonly Lack[],
  { state, taken }: { readonly state: SourceState; readonly taken: ReadonlySet<string> },
): Failure[] {
  if (state === 'there') return [];
  const refs = lacks.flatMap(({ repository, missingTags, moves, digestMissing }) => {
    if (image.tags.length === 0)
      return digestMissing && !taken.has(edge(repository, image)) ? [`${repository}@${image.digest}`] : [];
    const tags = [...missingTags, ...moves.map(({ tag }) => tag)];
    return tags.filter((tag) => !taken.has(edge(repository, image, tag))).map((tag) => `${repository}:${tag}`);
  });
  if (refs.length === 0) return [];
  const about = { phase: 'plan', ...aboutImage(image, refs) };
  if (state instanceof PromotionError) return [{ ...about, ...failureOf('plan', state) }];
  return [
    {
      ...about,
      code: 'LOST',
      message: `skipping ${image.source}@${image.digest} because it is _LOST_ (can't find it in src registry!)`,
      hint: 'check the digest and the source registry of this entry, or push the image to staging again',
    },
  ];
}
