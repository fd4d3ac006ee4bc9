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
  /** The image, platforms of it, or both, the image first. A verified finding names the image alone. */
  readonly subjects: readonly Digest[];
  readonly repositories: readonly RepositoryName[];
  /** The status in words; a record has its own. */
  readonly words: string;
  /** The signer, in words. */
  readonly who?: string | undefined;
};

/** A digest with its findings in all repositories. */
export type CheckedImage = {
  readonly check: PlannedCheck;
  /** The digest and its platforms; empty if the primary does not hold it. */
  readonly subjects: readonly Digest[];
  readonly findings: readonly FoundGroup[];
};

/** Groups equal findings of one digest. */
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

/** Returns true unless the finding is good. */
export function isWrong({ status }: Pick<Finding, 'status'>): boolean {
  return status !== 'verified';
}

/** Returns true if the signature or record of an image is wrong on its primary. */
export function wrongOnPrimary({ check, findings }: CheckedImage, what: Finding['what']): boolean {
  return findings.some((one) => one.what === what && isWrong(one) && one.repositories.includes(check.repository));
}
