import type { Failure } from '../../errors.ts';
import type { Phase } from '../../pipeline/phase.ts';
import { checksOf, namesOf, selectByUpload, type Checked, type CheckRules } from '../../plan/checks.ts';
import type { AskedRef } from '../../image/asked-ref.ts';
import type { Share } from '../../sharding/share.ts';
import { askedChecks } from './asked-checks.ts';
import type { PlannedCheck } from './checked-images.ts';
import { listedChecks } from './listed-checks.ts';
import { readUploads, undatedAll } from './read-uploads.ts';
import type { Loaded } from '../setup.ts';
import type { PlanSigcheckServices } from './plan-services.ts';

export type SigcheckPlan = {
  readonly checks: readonly PlannedCheck[];
  /** True if the user named these: each must exist. */
  readonly isAsked: boolean;
  /** Digests beyond the limit. */
  readonly beyond: number;
  readonly failures: readonly Failure[];
};

/** Selects the digests to check: those that the user named, else those of the tree uploaded in the window. */
export const planSigcheck = (
  services: PlanSigcheckServices,
): Phase<{ readonly loaded: Loaded }, 'plan', SigcheckPlan> => ({
  name: 'plan',
  gives: 'plan',
  run: async ({ loaded }, context) => {
    const { refs, rules, window, recordsSince, limit = Number.POSITIVE_INFINITY, isSigned } = services;
    const listed = await listedChecks(services, checksOf(loaded.sets, rules), context);
    const all = listed.checks;
    const isAsked = refs.length > 0;
    const hasTree = (loaded.share?.tree ?? all).length > 0;
    const mine = isAsked ? refs.filter(refTaker(loaded.share, rules)) : [];
    const asked = isAsked ? await askedChecks(services, mine, all, context) : { checks: all, failures: [] };
    context.emit({ type: 'failures', failures: asked.failures });

    const needsDates = !isAsked || recordsSince !== undefined;
    const { uploadOf, readable, failures } = needsDates
      ? await readUploads(services, asked.checks, context)
      : { uploadOf: undatedAll, readable: asked.checks, failures: [] };
    const selected = isAsked ? { ...NOTHING_LEFT, checks: readable } : selectByUpload(readable, uploadOf, window);
    const checks = selected.checks.slice(0, limit).map((check): PlannedCheck => {
      const time = uploadOf(check.repository, check.digest);
      const isRecent = recordsSince === undefined || typeof time === 'string' || time >= recordsSince;
      const record = isRecent && !(hasTree && mayBePlatform(check));
      return { ...check, wants: { signature: check.wanted === undefined || isSigned(check), record } };
    });
    const beyond = selected.checks.length - checks.length;
    const { checks: _, ...left } = selected;
    const uploaded = !isAsked && checks.length > left.undated ? window : undefined;
    context.emit({ type: 'checks-planned', checked: checks.length, beyond, uploaded, ...left });
    return {
      checks,
      isAsked,
      beyond,
      failures: [...listed.failures, ...asked.failures, ...failures],
    };
  },
});

/** Returns a function that tests whether this run checks a reference: each belongs to exactly one shard. */
function refTaker(share: Share | undefined, rules: CheckRules): (ref: AskedRef) => boolean {
  if (share === undefined) return () => true;
  return ({ repository }) => {
    const set = share.tree.find((one) => namesOf(one, rules).includes(repository));
    return set === undefined ? share.takes(repository) : share.isMine(set.source);
  };
}

/** Digests that the user named are checked whatever their age. */
const NOTHING_LEFT = { undated: 0, absent: 0, outside: 0 };

/** Returns true for a digest that neither the tree nor a tag names. Platforms are signed, but not recorded. */
function mayBePlatform({ wanted, tags }: Checked): boolean {
  return wanted === undefined && tags.length === 0;
}
