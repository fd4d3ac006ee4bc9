import type { Finding } from '../../attest/checking/finding.ts';
import { identityText } from '../../attest/identity/same-identity.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Checked } from '../../plan/checks.ts';

/** A digest to check, and what must be attached to it. */
export type PlannedCheck = Checked & { readonly wants: { readonly signature: boolean; readonly record: boolean } };

/** The same finding of several digests in several repositories. */
export type FoundGroup = Pick<Finding, 'what' | 'status'> & {
  readonly why?: string | undefined;
  /** The image, platforms of it, or both, the image first; what is verified is told of the image alone. */
  readonly subjects: readonly Digest[];
  readonly repositories: readonly RepositoryName[];
  /** The status as people read it: that of a record in words of its own. */
  readonly words: string;
  /** Whoever signed it, as people read it. */
  readonly who?: string | undefined;
};

/** A digest with what was found of it in all of its places. */
export type CheckedImage = {
  readonly check: PlannedCheck;
  /** The digest and its platforms; none where the primary does not hold it. */
  readonly subjects: readonly Digest[];
  readonly findings: readonly FoundGroup[];
};

/** Brings findings of one digest that tell the same together. */
export function groupFindings(digest: Digest, findings: readonly Finding[]): FoundGroup[] {
  const groups = new Map<string, FoundGroup & { readonly repositories: RepositoryName[] }>();
  for (const finding of findings) {
    const { repository, who: identity, what, status, why } = finding;
    const subject = status === 'verified' ? digest : finding.subject;
    const who = identity && identityText(identity);
    const told = { what, status, why, who };
    const key = JSON.stringify([subject, told]);
    const group = groups.get(key) ?? { ...told, subjects: [subject], words: wordsOf(finding), repositories: [] };
    groups.set(key, group);
    if (!group.repositories.includes(repository)) group.repositories.push(repository);
  }
  return withTheirPlatforms([...groups.values()]);
}

function withTheirPlatforms(groups: readonly FoundGroup[]): FoundGroup[] {
  const merged = new Map<string, FoundGroup>();
  for (const group of groups) {
    const { subjects, ...same } = group;
    const key = JSON.stringify(same);
    const known = merged.get(key);
    merged.set(key, known === undefined ? group : { ...known, subjects: [...known.subjects, ...subjects] });
  }
  return [...merged.values()];
}

function wordsOf({ what, status }: Pick<Finding, 'what' | 'status'>): string {
  if (what === 'signature') return status;
  if (status === 'verified') return 'recorded';
  return status === 'unsigned' ? 'unrecorded' : `recorded, but ${status}`;
}

/** Whether something is not as it should be. */
export function isWrong({ status }: Pick<Finding, 'status'>): boolean {
  return status !== 'verified';
}

/** What is wrong with an image on its primary. */
export function wrongOnPrimary({ check, findings }: CheckedImage, what: Finding['what']): boolean {
  return findings.some((one) => one.what === what && isWrong(one) && one.repositories.includes(check.repository));
}
