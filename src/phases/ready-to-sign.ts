import type { RepositoryName } from '../image/reference.ts';
import type { PlannedSignature } from './images.ts';
import type { Promotion } from './promote.ts';

/** An image to sign, and the staging repository that this run copied it from. */
export type ReadyImage = PlannedSignature & { readonly staging?: RepositoryName };

/** The candidates that their primaries hold after the copying; of the others it is told already why not. */
export function readyToSign({ plan, images }: Promotion): ReadyImage[] {
  const written = new Map<string, { done: boolean; staging?: RepositoryName }>();
  for (const { wanted, results } of images) {
    for (const { repository, action, error } of results) {
      const key = `${repository}@${wanted.digest}`;
      const known = written.get(key) ?? { done: false };
      if (action === 'copy' && error === undefined) known.staging = wanted.source;
      known.done ||= error === undefined;
      written.set(key, known);
    }
  }
  return (plan.signing?.images ?? []).flatMap((planned) => {
    const { done = true, staging } = written.get(`${planned.repository}@${planned.wanted.digest}`) ?? {};
    return done ? [{ ...planned, ...(staging !== undefined && { staging }) }] : [];
  });
}
