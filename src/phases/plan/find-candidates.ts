import type { Failure } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { Candidate, Candidates } from '../../plan/candidates.ts';
import { lacksOf, lacksSomething, signersOf, type Lacks } from './candidate-lacks.ts';
import type { SigningPlan } from './signing-plan.ts';
import type { PlanServices } from './services.ts';
import { readByHost } from '../reading/read-by-host.ts';
import type { CandidateServices } from './candidate-services.ts';
import { unreadable } from '../reading/unreadable.ts';

type LookServices = Pick<PlanServices, 'registry' | 'traffic'> & { readonly candidates: CandidateServices };

/** Lists of referrers of one repository that are read at once: they are small, and one registry serves all. */
const LISTS_AT_ONCE = 8;

/** Reads the referrers of each candidate with one request, and keeps those that lack a signature, record or summary. */
export async function lookAtCandidates(
  { registry, traffic, candidates }: LookServices,
  { images, older, undated }: Candidates,
  context: Context,
): Promise<{ readonly plan: SigningPlan; readonly failures: readonly Failure[] }> {
  const lacks = { ...ALL, ...(candidates.summaries !== undefined && { summary: true }) };
  const due = images.filter(({ why }) => why === 'due').map((image) => ({ ...image, lacks }));
  const entered = images.filter(({ why }) => why === 'entered');
  context.emit({ type: 'candidates-left', older, undated });
  const signers = entered.length === 0 ? undefined : await signersOf(candidates, context);
  if (signers === undefined || 'code' in signers) {
    const failures = signers === undefined ? [] : [signers];
    if (failures.length === 0) context.emit({ type: 'candidates-skipped', count: entered.length });
    return { plan: { images: due, complete: 0, older, undated }, failures };
  }
  const { rules, rate } = candidates;
  context.emit({ type: 'candidates-listed', count: entered.length, since: rules.since, rate });
  const byRepository = Map.groupBy(entered, ({ repository }) => repository);
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
  const isStuck = entered.filter((image) => found.get(image)?.isStuck === true);
  const stuck = isStuck.map(({ reference, wanted }) => `${reference}@${wanted.digest}`);
  context.emit({ type: 'summaries-stuck', names: stuck });
  const complete = found.size - lacking.length;
  return {
    plan: { images: [...due, ...lacking], complete, older, undated, stuck },
    failures: unreadable(errors),
  };
}

const ALL = { signature: true, record: true };
