import type { Phase } from '../pipeline/phase.ts';
import { absence, type Checks } from './sigcheck/check.ts';
import type { Failure } from '../errors.ts';
import type { SigcheckPlan } from './sigcheck/plan.ts';
import { unreadable } from './reading/unreadable.ts';
import { viewImages, type Seen, type ViewServices } from './view/view-images.ts';

/** What clients see of the checked or planned images. */
export type Viewed = Pick<Seen, 'followed' | 'broken' | 'viewed'> & { readonly failures: readonly Failure[] };

type Planned = { readonly plan: SigcheckPlan; readonly checks?: Checks };

/** Looks at images through the name that clients use, and compares every link with the primary. */
export const view = (services: ViewServices): Phase<Planned, 'view', Viewed> => ({
  name: 'view',
  gives: 'view',
  run: async ({ plan, checks: checked }, context) => {
    const checks = plan.checks.filter(({ through }) => through !== undefined);
    const { absent, unread, ...seen } = await viewImages(services, checks, context);
    // the check has reported these already
    const missing = plan.isAsked && checked === undefined ? absent.map(absence) : [];
    const failures = [...unreadable(unread), ...missing].map((failure) => ({ ...failure, phase: 'view' }));
    context.emit({ type: 'failures', failures: [...failures, ...seen.broken] });
    return { ...seen, failures: [...failures, ...seen.broken] };
  },
});
