import type { Project } from '../../manifest/manifest.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { findDisputes } from '../../plan/disputes.ts';
import { refusal } from './refusal.ts';

/** Throws TAG_CONFLICT if a tag of the project stands for several digests: an edit would add to a tree that is wrong. */
export function checkProject(projects: readonly Project[], { imagesFile }: Project): void {
  const { failures } = findDisputes(wantedBy(projects));
  const own = failures.filter(({ at, message }) => at?.file === imagesFile || message.includes(`(${imagesFile}:`));
  const reasons = own.map(({ message, at }) => `${at?.file}:${at?.line}: ${message}`);
  if (reasons.length > 0)
    throw refusal(
      'TAG_CONFLICT',
      `${imagesFile} gives a tag to several digests`,
      'keep it on one of them first',
      reasons,
    );
}
