import { PromotionError, failureOf, type Failure } from '../../errors.ts';
import { aboutImage, refsOn } from '../../plan/about-image.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { WantedImage } from '../../plan/desired/desired.ts';
import type { CopyResult } from '../../registry/copying/copier.ts';
import type { PromotedImage, TargetResult } from '../images.ts';
import { resultOf } from '../promote/results.ts';
import type { Attestation } from '../attest.ts';
import type { Plan } from '../plan.ts';
import type { Promotion } from '../promote.ts';
import type { Provenance } from '../provenance.ts';
import type { Loaded } from '../setup.ts';
import type { Signing } from '../sign.ts';
import type { Validation } from '../validate.ts';

/** Returns the failure of an image whose tags are not written to these repositories. */
export function taggingFailure(
  wanted: WantedImage,
  repositories: readonly RepositoryName[],
  error: PromotionError,
): Failure {
  const targets = repositories.map((repository) => ({ repository, tags: wanted.tags }));
  return failureOf('tag', error, aboutImage(wanted, refsOn(wanted, targets)));
}

/** Returns why the tags of an image are not written. */
export function notSigned({ name, digest }: WantedImage): PromotionError {
  return new PromotionError(
    'UNSIGNED',
    `${name}@${digest} gets no tags: it is not signed and recorded on its primary`,
    {
      hint: 'run again: it goes on where it stopped',
    },
  );
}

/** Returns a function that finds the primary of an image, if the image is signed and recorded there. */
export function signedPrimary({
  plan,
  attestation,
}: Pick<Attested, 'plan' | 'attestation'>): (wanted: WantedImage) => RepositoryName | undefined {
  const done = new Set(attestation.images.map(({ planned }) => `${planned.repository}@${planned.wanted.digest}`));
  const { primaryOf } = plan.signing ?? {};
  return (wanted) => {
    const primary = primaryOf?.(wanted);
    return primary !== undefined && done.has(`${primary}@${wanted.digest}`) ? primary : undefined;
  };
}

/** Returns an image after its tags were written, with the costs of its copy added. */
export function taggedResult({ wanted, results, sourceReads }: PromotedImage, copied: CopyResult): PromotedImage {
  const tagged = new Map(resultOf({ wanted }, copied).results.map((one) => [one.repository, one]));
  const merged = results.map((before): TargetResult => {
    const after = tagged.get(before.repository);
    if (after === undefined) return before;
    const { isUntagged: _, ...rest } = before;
    return {
      ...rest,
      ...after,
      action: before.action,
      attempts: Math.max(1, before.attempts) + after.attempts - 1,
      requests: before.requests + after.requests,
      bytes: before.bytes + after.bytes,
      ms: before.ms + after.ms,
    };
  });
  return { wanted, results: merged, sourceReads: sourceReads + copied.sourceReads };
}

/** The outputs of all phases before. */
export type Attested = {
  readonly loaded: Loaded;
  readonly plan: Plan;
  readonly provenance: Provenance;
  readonly validation: Validation;
  readonly promotion: Promotion;
  readonly signing: Signing;
  readonly attestation: Attestation;
};
