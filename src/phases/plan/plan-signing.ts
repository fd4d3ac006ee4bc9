import { failureOf, type Failure } from '../../errors.ts';
import { aboutImage } from '../../plan/about-image.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { PlannedImage } from '../../plan/desired/assemble.ts';
import type { CandidateFinder } from '../../plan/candidates.ts';
import { lookAtCandidates } from './find-candidates.ts';
import type { SigningPlan } from './signing-plan.ts';
import type { PlanServices } from './services.ts';
import { withoutLists } from '../reading/without-lists.ts';

type Found = {
  readonly due: readonly PlannedImage[];
  /** The repositories that were read. */
  readonly destinations: Pick<ReadonlyMap<RepositoryName, unknown>, 'has'>;
};

type PlannedSigning = {
  /** Defined if the run signs. */
  readonly plan?: SigningPlan;
  /** The due images, without those that cannot be signed on their primary. */
  readonly due: readonly PlannedImage[];
  readonly failures: readonly Failure[];
};

/** Finds the images to sign, if the run signs, and holds back those routed to a primary without the referrers API. */
export async function planSigning(
  services: PlanServices,
  finder: CandidateFinder | undefined,
  { due, destinations }: Found,
  context: Context,
): Promise<PlannedSigning> {
  const { candidates } = services;
  if (candidates === undefined || finder === undefined) return { due, failures: [] };
  const found = finder.found(due, destinations);
  const { plan, failures } = await lookAtCandidates({ ...services, candidates }, found, context);
  const routed = plan.images.filter(({ isRouted }) => isRouted === true);
  const places = routed.map(({ repository, wanted: { digest } }) => ({ repository, digest }));
  const unlistedOf = await withoutLists(services, places, context);
  const refused = routed.flatMap(({ repository, wanted }): Failure[] => {
    const error = unlistedOf(repository);
    if (error === undefined) return [];
    return [failureOf('plan', error, aboutImage(wanted, [`${repository}@${wanted.digest}`]))];
  });
  const held = new Set(routed.flatMap(({ repository, wanted }) => (unlistedOf(repository) ? [keyOf(wanted)] : [])));
  return {
    plan: {
      ...plan,
      images: plan.images.filter(({ wanted }) => !held.has(keyOf(wanted))),
      primaryOf: finder.primaryOf,
    },
    due: due.filter(({ wanted }) => !held.has(keyOf(wanted))),
    failures: [...failures, ...refused],
  };
}

/** Several entries may name one digest; all wait for its one signature. */
function keyOf({ source, digest }: PlannedImage['wanted']): string {
  return `${source}@${digest}`;
}
