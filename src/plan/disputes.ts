import type { Failure } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { conflictFinder, type TagConflict } from './conflicts.ts';
import { byDestination, type ImageSet } from './desired.ts';

/** Every tag that the tree gives to several digests of one repository, each dispute once however many mirrors share it. */
export function findDisputes(sets: readonly ImageSet[]): Failure[] {
  const conflictsOf = conflictFinder();
  const places = new Map<ReadonlyMap<string, TagConflict>, RepositoryName[]>();
  for (const [repository, wanting] of byDestination(sets)) {
    const conflicts = conflictsOf(wanting);
    if (conflicts.size > 0) places.set(conflicts, [...(places.get(conflicts) ?? []).slice(0, MOST_PLACES), repository]);
  }
  const failures: Failure[] = [];
  let left = 0;
  for (const [conflicts, repositories] of places) {
    for (const conflict of conflicts.values()) {
      if (failures.length < MOST_TOLD) failures.push(failureOf(conflict, repositories));
      else left += 1;
    }
  }
  const last = failures.at(-1);
  if (left === 0 || last === undefined) return failures;
  const message = `${left.toLocaleString('en-US')} more tags are wanted for several digests`;
  return [...failures, { ...last, message, hint: 'correct those before first', refs: [] }];
}

/** Of the mirrors that share a dispute, so many are named. */
const MOST_PLACES = 1000;

/** As many as the problems of a file that are told. */
const MOST_TOLD = 1000;

/** Of the digests that want one tag, so many are named. */
const MOST_NAMED = 20;

function failureOf({ tag, images }: TagConflict, repositories: readonly RepositoryName[]): Failure {
  const intents = images.slice(0, MOST_NAMED).map((image) => {
    const at = image.tagAt(tag);
    return `${image.digest} (${at.file}:${at.line})`;
  });
  const first = images[0];
  return {
    phase: 'setup',
    code: 'TAG_CONFLICT',
    message: `overlapping edges detected: tag ${tag} of ${first?.name ?? 'an image'} is wanted for ${intents.join(' and ')}${images.length > MOST_NAMED ? ` and ${images.length - MOST_NAMED} more` : ''}`,
    hint: 'keep the tag on one of these digests; until then neither gets it',
    ...(first !== undefined && { at: first.tagAt(tag), image: first.name }),
    refs: repositories.map((repository) => `${repository}:${tag}`),
  };
}
