import type { Failure } from '../errors.ts';
import { conflictFinder, type TagConflict } from './conflicts.ts';
import { byDestination, type ImageSet } from './desired.ts';

/** Every tag that the tree gives to several digests of one repository, each dispute once however many mirrors share it. */
export function findDisputes(sets: readonly ImageSet[]): Failure[] {
  const conflictsOf = conflictFinder();
  const refs = new Map<TagConflict, string[]>();
  for (const [repository, wanting] of byDestination(sets)) {
    for (const conflict of conflictsOf(wanting).values()) {
      const there = refs.get(conflict) ?? [];
      there.push(`${repository}:${conflict.tag}`);
      refs.set(conflict, there);
    }
  }
  return [...refs].map(([conflict, repositories]) => failureOf(conflict, repositories));
}

function failureOf({ tag, images }: TagConflict, refs: readonly string[]): Failure {
  const intents = images.map((image) => {
    const at = image.tagAt(tag);
    return `${image.digest} (${at.file}:${at.line})`;
  });
  const first = images[0];
  return {
    phase: 'setup',
    code: 'TAG_CONFLICT',
    message: `overlapping edges detected: tag ${tag} of ${first?.name ?? 'an image'} is wanted for ${intents.join(' and ')}`,
    hint: 'keep the tag on one of these digests; until then neither gets it',
    ...(first !== undefined && { at: first.tagAt(tag), image: first.name }),
    refs,
  };
}
