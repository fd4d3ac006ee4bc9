import { failureOf, type Failure, type PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { isWrong, type CheckedImage, type FoundGroup, type PlannedCheck } from './checked-images.ts';

/** Returns the failure of an image that could not be signed or recorded. */
export function repairFailure(check: PlannedCheck, error: PromotionError): Failure {
  const { reference, digest, repository } = check;
  const message = `repairing ${reference}@${digest}: ${error.message}`;
  return failureOf('repair', error, { message, ...placeOf(check), refs: [`${repository}@${digest}`] });
}

const HINTS = {
  verified: '',
  unsigned: '`kpromo sigcheck --confirm` signs, records and replicates what is missing',
  untrusted: 'look who signed it; --certificate-identity and --certificate-oidc-issuer say who is expected to',
  failed: 'find out who wrote it; with --confirm a good one is put beside it',
  unverifiable:
    'give the --key or the --trusted-root of the signer to trust it, or sign again with `kpromo sigcheck --confirm`',
} as const;

/** Returns one failure for each wrong finding, with all repositories and platforms that have it. */
export function wrongFailures(images: readonly CheckedImage[]): Failure[] {
  return images.flatMap(({ check, findings }) =>
    findings.filter(isWrong).map((found): Failure => ({
      phase: 'check',
      code: 'UNSIGNED',
      message: wrongText(check, found),
      hint: isOnlyOnMirrors(check, found, findings) ? FROM_PRIMARY : HINTS[found.status],
      ...placeOf(check),
      refs: found.repositories.map((repository) => `${repository}@${check.digest}`),
    })),
  );
}

const FROM_PRIMARY = 'the primary has a good one: `kpromo replicate --confirm` copies it to the mirrors';

/** True if the primary has a good one of what is wrong elsewhere, such as a mirror that was signed with an older key. */
function isOnlyOnMirrors({ repository }: PlannedCheck, found: FoundGroup, all: readonly FoundGroup[]): boolean {
  const onPrimary = all.filter(({ what, repositories }) => what === found.what && repositories.includes(repository));
  return found.status !== 'failed' && onPrimary.length > 0 && !onPrimary.some(isWrong);
}

function wrongText({ reference, digest }: PlannedCheck, found: FoundGroup): string {
  const { words, who, why = who, repositories } = found;
  const reason = why === undefined ? '' : `: ${why}`;
  return `${reference}@${digest}${platformsText(digest, found)} is ${words} in ${repositories[0] ?? ''}${reason}`;
}

/** Returns which platforms of an image a finding is about. */
function platformsText(digest: Digest, { subjects }: Pick<FoundGroup, 'subjects'>): string {
  const platforms = subjects.filter((subject) => subject !== digest);
  const [first] = platforms;
  if (first === undefined) return '';
  const named = platforms.length === 1 ? `platform ${first}` : `${platforms.length} platforms`;
  return platforms.length < subjects.length ? ` with ${named}` : `, ${named} of it,`;
}

/** Where a failure of a check belongs. */
export function placeOf({ name, digest, wanted }: PlannedCheck): Pick<Failure, 'image' | 'digest' | 'at'> {
  return { image: name, digest, ...(wanted !== undefined && { at: wanted.at }) };
}
