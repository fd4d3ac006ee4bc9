import type { WantedImage } from '../../plan/desired/desired.ts';
import { attachedBy } from '../../plan/replication.ts';
import type { CopyJob, CopyResult } from '../../registry/copying/copier.ts';
import type { Target } from '../../image/target.ts';
import type { PlannedImage, PromotedImage, TargetResult } from '../images.ts';

/** Returns true for an image that people pull by a tag, and false for one that is itself attached to another by its tags. */
export function hasTagsOfItsOwn({ tags }: Pick<WantedImage, 'tags'>): boolean {
  return tags.some((tag) => attachedBy(tag) === undefined);
}

/** Returns the copies to make before the image is signed, without mirrors that lack only tags. */
export function withoutTags(targets: readonly Target[]): CopyJob['targets'] {
  return targets.filter(({ action }) => action === 'copy').map((target) => ({ ...target, tags: [], tagsFollow: true }));
}

const NO_COST = { attempts: 0, requests: 0, bytes: 0, ms: 0 };

/** Returns an image whose digest was copied, and none of whose tags is written. */
export function untaggedResult({ wanted, targets }: PlannedImage, { mirrors, sourceReads }: CopyResult): PromotedImage {
  const byRepository = new Map(mirrors.map((mirror) => [mirror.target.repository, mirror]));
  const results = targets.map((target): TargetResult => {
    const mirror = byRepository.get(target.repository);
    if (mirror === undefined) return { ...target, ...NO_COST, isUntagged: true };
    const { error, attempts, meter, ms, isWritten } = mirror;
    const failed = error !== undefined && { error, ...(isWritten && { isWritten }) };
    return { ...target, attempts, ...meter, ms, ...(failed === false ? { isUntagged: true } : failed) };
  });
  return { wanted, results, sourceReads };
}
