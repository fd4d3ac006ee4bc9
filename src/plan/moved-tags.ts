import type { Failure, TagPlace } from '../errors.ts';
import { joinRepository, type RepositoryName } from '../image/reference.ts';
import type { ImageChange, TreeDiff } from '../manifest/diff/tree-diff.ts';
import { byDestination, type ImageSet, type WantedImage } from './desired/desired.ts';

/** A tag of one destination repository that a change gives to a digest, or leaves to one digest alone. */
export type TagChange = {
  readonly repository: RepositoryName;
  readonly tag: string;
  /** The image that alone has it now. */
  readonly now: WantedImage;
  /** The image that alone had it in the tree before; undefined if none or several did. */
  readonly before: WantedImage | undefined;
};

/** A tag change whose earlier digest is another one. */
export type FoundTagMove = Pick<TagChange, 'repository' | 'tag' | 'now'> & {
  readonly places: readonly [before: TagPlace, now: TagPlace];
};

/** Returns true for tags that are to be looked at. */
export type MayMove = (name: string, tag: string) => boolean;

/**
 * Returns the tags that a change touches, that may move, and that one digest alone has now. A tag that several digests want is a
 * conflict: it is written for none of them, so that it does not move.
 */
export function tagChanges(
  base: readonly ImageSet[],
  head: readonly ImageSet[],
  { changes, removed }: Pick<TreeDiff, 'changes' | 'removed'>,
  mayMove: MayMove = () => true,
): readonly TagChange[] {
  const [before, after] = [tagFinder(base), tagFinder(head)];
  const found = new Map<string, TagChange>();
  for (const { repository, tag } of touchedTags([...changes, ...removed], mayMove)) {
    const key = `${repository}:${tag}`;
    if (found.has(key)) continue;
    const [now, contender] = after(repository, tag);
    if (now === undefined || contender !== undefined) continue;
    const owners = before(repository, tag);
    const [owner] = owners;
    if (owners.length === 1 && owner?.digest === now.digest) continue;
    found.set(key, { repository, tag, now, before: owners.length === 1 ? owner : undefined });
  }
  return [...found.values()];
}

function* touchedTags(
  changes: readonly ImageChange[],
  mayMove: MayMove,
): Generator<Pick<TagChange, 'repository' | 'tag'>> {
  for (const { name, tags, destinations } of changes)
    for (const tag of tags.filter((one) => mayMove(name, one)))
      for (const registry of destinations) yield { repository: joinRepository(registry, name), tag };
}

/** Returns a function that finds the images, one for each digest, that want a tag of a repository. */
function tagFinder(sets: readonly ImageSet[]): (repository: RepositoryName, tag: string) => readonly WantedImage[] {
  const places = byDestination(sets);
  // twenty mirrors share a set: its tags are indexed once
  const indexes = new Map<ImageSet, ReadonlyMap<string, readonly WantedImage[]>>();
  const indexOf = (set: ImageSet): ReadonlyMap<string, readonly WantedImage[]> => {
    const known = indexes.get(set) ?? indexOfTags(set);
    indexes.set(set, known);
    return known;
  };
  return (repository, tag) => {
    const images = (places.get(repository) ?? []).flatMap((set) => indexOf(set).get(tag) ?? []);
    return [...new Map(images.map((image) => [image.digest, image])).values()];
  };
}

function indexOfTags({ images }: ImageSet): ReadonlyMap<string, readonly WantedImage[]> {
  const index = new Map<string, WantedImage[]>();
  for (const image of images)
    for (const tag of image.tags) {
      const there = index.get(tag);
      if (there === undefined) index.set(tag, [image]);
      else there.push(image);
    }
  return index;
}

/** As many moves as problems of a file are reported. */
const MOST_TOLD = 1000;

/** Returns one failure for each tag and pair of digests, with all the repositories in which it moves. */
export function movedTagFailures(moves: readonly FoundTagMove[]): Failure[] {
  const alike = Map.groupBy(
    moves,
    ({ tag, now, places: [before] }) => `${now.name}:${tag} ${before.digest} ${now.digest}`,
  );
  const failures = [...alike.values()].map(failureOf);
  const left = failures.length - MOST_TOLD;
  const last = failures[MOST_TOLD - 1];
  if (left <= 0 || last === undefined) return failures;
  const { phase, code } = last;
  const more: Failure = {
    phase,
    code,
    message: `${left.toLocaleString('en-US')} more tags move`,
    hint: 'correct these first',
  };
  return [...failures.slice(0, MOST_TOLD), more];
}

function failureOf(group: readonly FoundTagMove[]): Failure {
  const [{ tag, now, places }] = group as readonly [FoundTagMove, ...FoundTagMove[]];
  const [before, after] = places;
  return {
    phase: 'setup',
    code: 'TAG_MOVE',
    message: `tag '${tag}' of ${now.name} moves from ${placeText(before)} to ${placeText(after)}; tag moves are not supported`,
    hint: `tags are immutable: give ${now.digest} a new tag, or set the entry back to ${before.digest}`,
    at: after.at,
    image: now.name,
    digest: now.digest,
    refs: group.map(({ repository }) => `${repository}:${tag}`),
    places,
  };
}

/** As many digits of a commit as people compare. */
const SHORT = 12;

/** Returns a place in the history, such as `sha256:… (images.yaml:3, added by 0123456789ab, #45)`. */
export function placeText({ digest, at, commit, pullRequest, unknown }: TagPlace): string {
  const number = pullRequest === undefined ? '' : `, #${pullRequest}`;
  const by = commit === undefined ? (unknown ?? 'not committed') : `added by ${commit.slice(0, SHORT)}${number}`;
  return `${digest} (${at.file}:${at.line}, ${by})`;
}
