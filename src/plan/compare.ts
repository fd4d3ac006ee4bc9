import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { TagConflict } from './conflicts.ts';
import type { Inventory } from '../registry/inventory.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';

/**
 * The missing tags of one image in one repository. Tags that point to another digest are `moves`, and are never
 * written.
 */
export type Lack = {
  readonly image: WantedImage;
  readonly repository: RepositoryName;
  /** The repository is empty. */
  readonly isNew: boolean;
  /** The registry forbids reading the repository. */
  readonly isUnread: boolean;
  readonly digestMissing: boolean;
  readonly missingTags: readonly string[];
  readonly moves: readonly { readonly tag: string; readonly current: Digest }[];
};

type Held = Pick<Inventory, 'has' | 'digestOf' | 'holdsManifests' | 'isUnread'>;

/** Compares a repository with the wanted images; returns only what is missing. */
export function compare(
  repository: RepositoryName,
  sets: readonly ImageSet[],
  conflicts: ReadonlyMap<string, TagConflict>,
  inventory: Held,
): { readonly lacks: readonly Lack[]; readonly present: number } {
  const lacks: Lack[] = [];
  const place = { repository, isNew: !inventory.holdsManifests, isUnread: inventory.isUnread === true };
  let present = 0;
  for (const set of sets) {
    for (const image of set.images) {
      const lack = compareImage(image, conflicts, inventory);
      if (lack === 'nothing') present += 1;
      else if (lack !== 'nothing wanted') lacks.push({ ...lack, ...place });
    }
  }
  return { lacks, present };
}

/** Returns how many images are complete in a repository that lacks nothing: those without a disputed tag. */
export function completeImages(sets: readonly ImageSet[], conflicts: ReadonlyMap<string, TagConflict>): number {
  const isComplete = ({ tags }: WantedImage): boolean =>
    conflicts.size === 0 || !tags.some((tag) => conflicts.has(tag));
  return sets.reduce((sum, { images }) => sum + images.filter(isComplete).length, 0);
}

function compareImage(
  image: WantedImage,
  conflicts: ReadonlyMap<string, TagConflict>,
  inventory: Held,
): Omit<Lack, 'repository' | 'isNew' | 'isUnread'> | 'nothing wanted' | 'nothing' {
  const missingTags: string[] = [];
  const moves: { tag: string; current: Digest }[] = [];
  let wanted = image.tags.length === 0;
  let disputed = false;
  for (const tag of image.tags) {
    if (conflicts.has(tag)) {
      disputed = true;
      continue;
    }
    wanted = true;
    const current = inventory.digestOf(tag);
    if (current === undefined) missingTags.push(tag);
    else if (current !== image.digest) moves.push({ tag, current });
  }
  // an image with a disputed tag is not complete
  const complete = disputed ? 'nothing wanted' : 'nothing';
  if (!wanted) return 'nothing wanted';
  const pending = image.tags.length === 0 ? !inventory.has(image.digest) : missingTags.length + moves.length > 0;
  return pending ? { image, digestMissing: !inventory.has(image.digest), missingTags, moves } : complete;
}
