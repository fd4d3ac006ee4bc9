import { listedBy } from '../attest/listed.ts';
import { PROMOTION_RECORD } from '../attest/record.ts';
import type { Identity } from '../attest/roles.ts';
import { SIGNATURE } from '../attest/statement.ts';
import { isPromotionError, type Failure } from '../errors.ts';
import type { RepositoryName } from '../image/reference.ts';
import { eachOf } from '../pipeline/concurrency.ts';
import type { Context } from '../pipeline/phase.ts';
import type { Candidate, Candidates } from '../plan/candidates.ts';
import type { PlannedSignature, SigningPlan } from './images.ts';
import type { PlanServices } from './plan.ts';
import { pushTo, readByHost } from './read-by-host.ts';
import type { CandidateServices } from './signing.ts';
import { tellLeft, tellLook, tellNoIdentity } from './tell-candidates.ts';
import { unreadable } from './unreadable.ts';

type LookServices = Pick<PlanServices, 'registry' | 'traffic'> & { readonly candidates: CandidateServices };

/** Lists of referrers of one repository that are read at once: they are small, and one registry answers all. */
const LISTS_AT_ONCE = 8;

/** Looks, with one request each, at what may lack something; what has all of it is left alone. */
export async function lookAtCandidates(
  { registry, traffic, candidates }: LookServices,
  { images, older, undated }: Candidates,
  context: Context,
): Promise<{ readonly plan: SigningPlan; readonly failures: readonly Failure[] }> {
  const due = images.filter(({ why }) => why === 'due').map((image) => ({ ...image, lacks: ALL }));
  const entered = images.filter(({ why }) => why === 'entered');
  tellLeft({ older, undated }, context);
  const identity = entered.length === 0 ? undefined : await identityOf(candidates, context);
  if (identity === undefined || isFailure(identity)) {
    const failures = identity === undefined ? [] : [identity];
    if (failures.length === 0) tellNoIdentity(entered.length, context);
    return { plan: { images: due, complete: 0, older, undated }, failures };
  }
  tellLook(entered.length, candidates, context);
  const byRepository = new Map<RepositoryName, Candidate[]>();
  for (const image of entered) pushTo(byRepository, image.repository, image);
  const found = new Map<Candidate, PlannedSignature['lacks']>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const call = { signal: context.signal, meter: traffic.of(repository) };
    await eachOf(byRepository.get(repository) ?? [], LISTS_AT_ONCE, async (image) => {
      const listed = listedBy(identity, await registry.listReferrers(repository, image.wanted.digest, call));
      const lacksTag = candidates.wantsTag(image) && !image.hasSignatureTag;
      const lacks = { signature: lacksTag || !listed.has(SIGNATURE), record: !listed.has(PROMOTION_RECORD) };
      found.set(image, lacks);
    });
  };
  const errors = await readByHost('destination', [...byRepository.keys()], read, context);
  // in the order of the manifests, not of the answers
  const lacking = entered.flatMap((image) => lackingOf(image, found.get(image)));
  const complete = found.size - lacking.length;
  return { plan: { images: [...due, ...lacking], complete, older, undated }, failures: unreadable(errors) };
}

/** Without it nothing can be looked at, but everything can be promoted. */
async function identityOf(
  { identity }: CandidateServices,
  { signal }: Context,
): Promise<Identity | Failure | undefined> {
  try {
    return await identity(signal);
  } catch (error) {
    if (!isPromotionError(error) || signal.aborted) throw error;
    const { code, message, hint } = error;
    return { phase: 'plan', code, message, ...(hint !== undefined && { hint }) };
  }
}

function isFailure(result: Identity | Failure): result is Failure {
  return 'code' in result;
}

function lackingOf(image: Candidate, lacks: PlannedSignature['lacks'] | undefined): PlannedSignature[] {
  return lacks !== undefined && (lacks.signature || lacks.record) ? [{ ...image, lacks }] : [];
}

const ALL = { signature: true, record: true };
