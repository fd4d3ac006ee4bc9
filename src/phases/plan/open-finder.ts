import type { Context } from '../../pipeline/phase.ts';
import { candidateFinder, type CandidateFinder } from '../../plan/candidates.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { CandidateServices } from './candidate-services.ts';

/** Opens a finder that knows from Git which entries are recent. */
export async function openFinder(
  { rules, young }: CandidateServices,
  all: readonly ImageSet[],
  { emit }: Context,
): Promise<CandidateFinder> {
  const entries =
    rules.since === 'all' ? undefined : await young(all, (reason) => emit({ type: 'entry-ages-unknown', reason }));
  return candidateFinder(all, { ...rules, ...(entries !== undefined && { young: entries }) });
}
