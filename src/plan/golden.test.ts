import { describe, expect, it } from 'vitest';
import { goldenPlans } from '../../test/support/promotion/golden-plans.ts';
import { purePlan } from '../../test/support/promotion/pure-plan.ts';
import { referenceVerdicts } from '../../test/support/promotion/reference-plan.ts';

const plans = goldenPlans();

describe('src/plan', () => {
  it('has golden plans', () => {
    expect(plans).toHaveLength(120);
  });

  it.for(plans)('decides every edge of plan $id like upstream', (plan) => {
    expect(purePlan(plan)).toEqual(plan.upstream);
  });

  it('uses a reference that decides every edge like upstream', () => {
    for (const plan of plans) expect(referenceVerdicts(plan), `plan ${plan.id}`).toEqual(plan.upstream);
  });
});
