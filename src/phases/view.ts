import type { Phase } from '../pipeline/phase.ts';
import { absence, type Checks } from './sigcheck/check.ts';
import type { SigcheckPlan } from './sigcheck/plan.ts';
import type { Repaired } from './sigcheck/repair.ts';
import { tellFailures } from './log/failures.ts';
import { unreadable } from './reading/unreadable.ts';
import { viewImages, type Seen, type ViewServices } from './view/view-images.ts';

type Before = SigcheckPlan | Checks | Repaired;

/** What clients see of what was checked, or was only planned to be. */
export type Viewed = Pick<Seen, 'followed' | 'broken' | 'viewed'> &
  Pick<Before, 'failures'> & { readonly phase: 'view'; readonly before: Before };

/** Looks at images through the name that clients use, and compares every link with the primary. */
export const view = (services: ViewServices): Phase<Before, Viewed> => ({
  name: 'view',
  run: async (before, context) => {
    const plan = before.phase === 'plan' ? before : before.plan;
    const checks = plan.checks.filter(({ through }) => through !== undefined);
    const { absent, unread, ...seen } = await viewImages(services, checks, context);
    // what the check has told already is not told again
    const missing = plan.isAsked && before.phase === 'plan' ? absent.map(absence) : [];
    const failures = [...unreadable(unread), ...missing].map((failure) => ({ ...failure, phase: 'view' }));
    tellFailures([...failures, ...seen.broken], context);
    return { phase: 'view', before, ...seen, failures: [...before.failures, ...failures, ...seen.broken] };
  },
});
