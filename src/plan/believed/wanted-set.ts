import { createHash } from 'node:crypto';
import type { RepositoryListing } from '../../registry/roles.ts';
import type { Lack } from '../compare.ts';
import type { TagConflict } from '../conflicts.ts';
import type { ImageSet, WantedImage } from '../desired/desired.ts';

type Conflicts = ReadonlyMap<string, TagConflict>;

/**
 * Returns the elements of the wanted set of an image: each tag with the digest that it must point to, or the digest if
 * there is no tag. Omits disputed tags, which are not compared.
 */
export function wantedLines(
  { digest, tags }: Pick<WantedImage, 'digest' | 'tags'>,
  conflicts?: Conflicts,
): readonly string[] {
  if (tags.length === 0) return [`${digest} `];
  return tags.flatMap((tag) => (conflicts?.has(tag) === true ? [] : [`${digest} ${tag}`]));
}

/** Returns the elements of a wanted set that a repository lacks. */
export function lackingLines({ image, missingTags, moves }: Lack): readonly string[] {
  const { digest, tags } = image;
  return wantedLines({ digest, tags: tags.length === 0 ? [] : [...missingTags, ...moves.map(({ tag }) => tag)] });
}

/** Returns a function that computes the digest of the wanted set of a repository; mirrors with the same sets share it. */
export function wantedDigester(): (sets: readonly ImageSet[], conflicts: Conflicts) => string {
  type Known = { readonly sets: readonly ImageSet[]; readonly conflicts: Conflicts; readonly digest: string };
  const answers = new WeakMap<ImageSet, Known[]>();
  return (sets, conflicts) => {
    const [first] = sets;
    const known = (first && answers.get(first)) ?? [];
    const same = known.find(
      (one) =>
        one.conflicts === conflicts &&
        one.sets.length === sets.length &&
        one.sets.every((set, index) => set === sets[index]),
    );
    if (same !== undefined) return same.digest;
    const lines = new Set(sets.flatMap(({ images }) => images.flatMap((image) => wantedLines(image, conflicts))));
    const digest = digestOfLines([...lines]);
    if (first !== undefined) answers.set(first, [...known, { sets, conflicts, digest }]);
    return digest;
  };
}

/** Returns a digest over everything that a listing shows, whatever its order. */
export function listingDigest(listing: RepositoryListing): string {
  if (listing.kind === 'digests')
    return digestOfLines([...listing.manifests].map(([digest, { tags }]) => [digest, ...tags.toSorted()].join(' ')));
  return digestOfLines([...listing.tags].map((tag) => `${listing.digests?.get(tag) ?? ''} ${tag}`));
}

/** Compares code units, as the order must not depend on the machine's language. */
function digestOfLines(lines: readonly string[]): string {
  return createHash('sha256').update(lines.toSorted().join('\n')).digest('base64url');
}
