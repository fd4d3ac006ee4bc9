import type { Failure } from '../errors.ts';
import { joinRepository, type RepositoryName } from '../image/reference.ts';
import type { ImageChange } from '../manifest/diff/tree-diff.ts';
import { conflictFinder, type TagConflict } from './conflicts.ts';
import { byDestination, tagAt, type ImageSet } from './desired/desired.ts';

/** Tags that a tree assigns to several digests of one repository. */
type Disputes = {
  readonly failures: readonly Failure[];
  /** Disputes that the base also has. */
  readonly standing: readonly Failure[];
};

/**
 * Finds every dispute of a tree once, however many mirrors share it. `changes` are the differences from the base: a
 * dispute is old if none of them concerns its tag.
 */
export function findDisputes(sets: readonly ImageSet[], changes?: readonly ImageChange[]): Disputes {
  const groups = conflictGroups(sets);
  const isTouched = changes === undefined ? () => true : touchFinder(groups, changes);
  const [failures, standing]: [Failure[], Failure[]] = [[], []];
  let left = 0;
  for (const { conflicts, repositories } of groups) {
    for (const conflict of conflicts.values()) {
      const list = isTouched(conflict.tag, repositories) ? failures : standing;
      if (list.length < MOST_TOLD) list.push(failureOf(conflict, repositories.slice(0, MOST_PLACES)));
      else if (list === failures) left += 1;
    }
  }
  const last = failures.at(-1);
  if (left === 0 || last === undefined) return { failures, standing };
  const message = `${left.toLocaleString('en-US')} more tags are wanted for several digests`;
  return {
    failures: [...failures, { ...last, message, hint: 'correct the disputes listed above first', refs: [] }],
    standing,
  };
}

/** Repositories that are named of one dispute. */
const MOST_PLACES = 1000;

/** Equal to the number of problems that are reported for one file. */
const MOST_TOLD = 1000;

/** Digests that are named for one tag. */
const MOST_NAMED = 20;

type ConflictGroup = {
  readonly conflicts: ReadonlyMap<string, TagConflict>;
  /** All repositories with these conflicts. */
  readonly repositories: readonly RepositoryName[];
};

function conflictGroups(sets: readonly ImageSet[]): readonly ConflictGroup[] {
  const conflictsOf = conflictFinder();
  const places = new Map<ReadonlyMap<string, TagConflict>, RepositoryName[]>();
  for (const [repository, wanting] of byDestination(sets)) {
    const conflicts = conflictsOf(wanting);
    if (conflicts.size === 0) continue;
    const there = places.get(conflicts);
    if (there === undefined) places.set(conflicts, [repository]);
    else there.push(repository);
  }
  return [...places].map(([conflicts, repositories]) => ({ conflicts, repositories }));
}

/** Returns a function that tests whether a change concerns a tag of one of these repositories. */
function touchFinder(
  groups: readonly ConflictGroup[],
  changes: readonly ImageChange[],
): (tag: string, repositories: readonly RepositoryName[]) => boolean {
  const disputed = new Set(groups.flatMap(({ conflicts }) => [...conflicts.keys()]));
  const touched = new Map<string, Set<RepositoryName>>();
  for (const { name, tags, destinations } of disputed.size === 0 ? [] : changes)
    for (const tag of tags.filter((one) => disputed.has(one))) {
      const there = touched.get(tag) ?? new Set();
      touched.set(tag, there);
      for (const registry of destinations) there.add(joinRepository(registry, name));
    }
  return (tag, repositories) => {
    const there = touched.get(tag);
    return there !== undefined && repositories.some((repository) => there.has(repository));
  };
}

function failureOf({ tag, images }: TagConflict, repositories: readonly RepositoryName[]): Failure {
  const intents = images.slice(0, MOST_NAMED).map((image) => {
    const at = tagAt(image, tag);
    return `${image.digest} (${at.file}:${at.line})`;
  });
  const first = images[0];
  return {
    phase: 'setup',
    code: 'TAG_CONFLICT',
    message: `overlapping edges detected: tag ${tag} of ${first?.name ?? 'an image'} is wanted for ${intents.join(' and ')}${images.length > MOST_NAMED ? ` and ${images.length - MOST_NAMED} more` : ''}`,
    hint: 'keep the tag on one of these digests; until then neither gets it',
    ...(first !== undefined && { at: tagAt(first, tag), image: first.name }),
    refs: repositories.map((repository) => `${repository}:${tag}`),
  };
}
