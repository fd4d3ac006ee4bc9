import type { Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Candidate, Candidates } from '../../plan/candidates.ts';
import { lacksOf, lacksSomething, signersOf, type Lacks } from './candidate-lacks.ts';
import type { SigningPlan } from './signing-plan.ts';
import type { PlanServices } from './services.ts';
import { pushTo, readByHost } from '../reading/read-by-host.ts';
import type { CandidateServices } from './candidate-services.ts';
import { nameOf, tellStuck } from '../signing/results.ts';
import { tellLeft, tellLook, tellNoIdentity } from './tell-candidates.ts';
import { unreadable } from '../reading/unreadable.ts';

export type LookServices = Pick<PlanServices, 'registry' | 'traffic'> & { readonly candidates: CandidateServices };

/** Lists of referrers of one repository that are read at once: they are small, and one registry answers all. */
const LISTS_AT_ONCE = 8;

/** Looks, with one request each, at what may lack something; what has all of it is left alone. */
export async function lookAtCandidates(
  { registry, traffic, candidates }: LookServices,
  { images, older, undated }: Candidates,
  context: Context,
): Promise<{ readonly plan: SigningPlan; readonly failures: readonly Failure[] }> {
  const lacks = { ...ALL, ...(candidates.summaries !== undefined && { summary: true }) };
  const due = images.filter(({ why }) => why === 'due').map((image) => ({ ...image, lacks }));
  const entered = images.filter(({ why }) => why === 'entered');
  tellLeft({ older, undated }, context);
  const signers = entered.length === 0 ? undefined : await signersOf(candidates, context);
  if (signers === undefined || 'code' in signers) {
    const failures = signers === undefined ? [] : [signers];
    if (failures.length === 0) tellNoIdentity(entered.length, context);
    return { plan: { images: due, complete: 0, older, undated }, failures };
  }
  tellLook(entered.length, candidates, context);
  const byRepository = new Map<RepositoryName, Candidate[]>();
  for (const image of entered) pushTo(byRepository, image.repository, image);
  const found = new Map<Candidate, Lacks>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const call = { signal: context.signal, meter: traffic.of(repository) };
    await eachOf(byRepository.get(repository) ?? [], LISTS_AT_ONCE, async (image) => {
      const referrers = await registry.listReferrers(repository, image.wanted.digest, call);
      found.set(image, lacksOf(image, referrers, signers, candidates));
    });
  };
  const errors = await readByHost('destination', [...byRepository.keys()], read, context);
  // in the order of the manifests, not of the answers
  const lacking = entered.flatMap((image) => {
    const lacksOfIt = found.get(image)?.lacks;
    return lacksOfIt !== undefined && lacksSomething(lacksOfIt) ? [{ ...image, lacks: lacksOfIt }] : [];
  });
  const stuck = entered.flatMap((image) => (found.get(image)?.isStuck === true ? [nameOf(image)] : []));
  tellStuck(stuck, context);
  const complete = found.size - lacking.length;
  return {
    plan: { images: [...due, ...lacking], complete, older, undated, ...(stuck.length > 0 && { stuck }) },
    failures: unreadable(errors),
  };
}

const ALL = { signature: true, record: true };
