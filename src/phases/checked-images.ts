import type { Finding } from '../attest/finding.ts';
import { identityText } from '../attest/own-signature.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Checked } from '../plan/checks.ts';

/** A digest to check, and what must be attached to it. */
export type PlannedCheck = Checked & { readonly wants: { readonly signature: boolean; readonly record: boolean } };

/** The same finding in several repositories; those that are verified stand for the platforms, too. */
export type FoundGroup = Omit<Finding, 'repository' | 'who'> & {
  readonly repositories: readonly RepositoryName[];
  /** The status as people read it: that of a record in words of its own. */
  readonly words: string;
  /** Whoever signed it, as people read it. */
  readonly who?: string;
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
  for (const { repository, who: identity, ...finding } of findings) {
    const subject = finding.status === 'verified' ? digest : finding.subject;
    const who = identity && identityText(identity);
    const key = JSON.stringify([subject, finding.what, finding.status, who, finding.why]);
    const told = { words: wordsOf(finding), ...(who !== undefined && { who }) };
    const group = groups.get(key) ?? { ...finding, ...told, subject, repositories: [] };
    groups.set(key, group);
    if (!group.repositories.includes(repository)) group.repositories.push(repository);
  }
  return [...groups.values()];
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
