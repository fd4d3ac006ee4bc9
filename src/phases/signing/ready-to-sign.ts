import type { RepositoryName } from '../../image/reference.ts';
import type { PlannedSignature } from '../images.ts';
import type { Plan } from '../plan.ts';
import type { Promotion } from '../promote.ts';
import type { Validation } from '../validate.ts';

/** An image to sign, and the staging repository that this run copied it from. */
type ReadyImage = PlannedSignature & { readonly staging?: RepositoryName | undefined };

/** The outputs of planning, validation and copying. */
export type Copied = { readonly plan: Plan; readonly validation: Validation; readonly promotion: Promotion };

/** Returns the candidates that their primaries hold after the copy, without those that were held back. The failures of the others were emitted. */
export function readyToSign({ plan, validation, promotion }: Copied): ReadyImage[] {
  const good = new Set(validation.images.map(({ wanted }) => wanted));
  const refused = new Set(plan.images.flatMap(({ wanted }) => (good.has(wanted) ? [] : [wanted])));
  const written = new Map<string, { done: boolean; staging?: RepositoryName | undefined }>();
  for (const { wanted, results } of promotion.images) {
    for (const { repository, action, error } of results) {
      const key = `${repository}@${wanted.digest}`;
      const known = written.get(key) ?? { done: false };
      if (action === 'copy' && error === undefined) known.staging = wanted.source;
      known.done ||= error === undefined;
      written.set(key, known);
    }
  }
  return (plan.signing?.images ?? []).flatMap((planned) => {
    const known = written.get(`${planned.repository}@${planned.wanted.digest}`);
    const { done = !refused.has(planned.wanted), staging } = known ?? {};
    return done ? [{ ...planned, staging }] : [];
  });
}
