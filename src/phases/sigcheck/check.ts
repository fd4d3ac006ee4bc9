import type { Failure } from '../../errors.ts';
import type { Phase } from '../../pipeline/phase.ts';
import { checkImages, type CheckServices } from './check-images.ts';
import { wrongOnPrimary, type CheckedImage, type PlannedCheck } from './checked-images.ts';
import type { SigcheckPlan } from './plan.ts';
import { placeOf } from './failures.ts';

/** The findings, and the failures of repositories that could not be read. A wrong image is not a failure yet. */
export type Checks = {
  readonly images: readonly CheckedImage[];
  readonly failures: readonly Failure[];
};

/** Verifies what is attached to each digest, on its primary and all its mirrors. */
export const check = (services: CheckServices): Phase<{ readonly plan: SigcheckPlan }, 'checks', Checks> => ({
  name: 'check',
  gives: 'checks',
  run: async ({ plan }, context) => {
    const { images, failures } = await checkImages(services, plan.checks, context);
    const unread = new Set(failures.flatMap(({ refs = [] }) => refs));
    const absent = images.filter(
      ({ subjects, check: { repository } }) => subjects.length === 0 && !unread.has(repository),
    );
    const missing = plan.isAsked ? absent.map((image) => absence(image.check)) : [];
    const unasked = absent.length - missing.length;
    if (unasked > 0) context.emit({ type: 'images-absent', count: absent.length });
    for (const image of images) {
      const { reference, digest } = image.check;
      if (wrongOnPrimary(image, 'record')) context.emit({ type: 'record-missing', ref: `${reference}@${digest}` });
    }
    const found = [...failures, ...missing];
    context.emit({ type: 'failures', failures: found });
    return { images, failures: found };
  },
});

/** Returns the failure of a requested image that its primary does not hold. */
export function absence(absent: PlannedCheck): Failure {
  const { digest, repository } = absent;
  return {
    phase: 'check',
    code: 'NOT_FOUND',
    message: `${repository}@${digest} is not there`,
    hint: 'check the reference; images that manifests name are promoted with `kpromo cip`',
    ...placeOf(absent),
  };
}
