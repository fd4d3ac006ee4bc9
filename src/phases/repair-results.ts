import type { Failure, PromotionError } from '../errors.ts';
import type { Context } from '../pipeline/phase.ts';
import { isWrong, type CheckedImage, type FoundGroup, type PlannedCheck } from './checked-images.ts';

/** Logs what is written for an image, in upstream's words. */
export function tellRepair(what: FoundGroup['what'], { reference, digest }: PlannedCheck, { narrate }: Context): void {
  const words = what === 'signature' ? 'Signing image' : 'Promotion record attestation: pushing for';
  narrate({ type: 'log', level: 'info', message: `${words} ${reference}@${digest}` });
}

/** An image that could not be signed or recorded. */
export function repairFailure(check: PlannedCheck, { code, message, hint }: PromotionError): Failure {
  const { reference, digest, repository } = check;
  return {
    phase: 'repair',
    code,
    message: `repairing ${reference}@${digest}: ${message}`,
    ...(hint !== undefined && { hint }),
    ...placeOf(check),
    refs: [`${repository}@${digest}`],
  };
}

const HINTS = {
  verified: '',
  unsigned: '`kpromo sigcheck --confirm` signs, records and replicates what is missing',
  untrusted: 'look who signed it; --certificate-identity and --certificate-oidc-issuer say who is expected to',
  failed: 'find out who wrote it; with --confirm a good one is put beside it',
  unverifiable: 'give --trusted-root FILE where another Sigstore is to be trusted',
} as const;

/** Everything that is wrong with images, each trouble once however many repositories have it. */
export function wrongFailures(images: readonly CheckedImage[]): Failure[] {
  return images.flatMap(({ check, findings }) =>
    findings.filter(isWrong).map((found): Failure => {
      const { subject, status, words, who, why = who, repositories } = found;
      const platform = subject === check.digest ? '' : `, platform ${subject}`;
      return {
        phase: 'check',
        code: 'UNSIGNED',
        message: `${check.reference}@${check.digest}${platform} is ${words}${why === undefined ? '' : `: ${why}`}`,
        hint: HINTS[status],
        ...placeOf(check),
        refs: repositories.map((repository) => `${repository}@${subject}`),
      };
    }),
  );
}

function placeOf({ name, digest, wanted }: PlannedCheck): Pick<Failure, 'image' | 'digest' | 'at'> {
  return { image: name, digest, ...(wanted !== undefined && { at: wanted.at }) };
}
