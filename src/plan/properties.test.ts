import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verdicts, withoutCovered, type Verdicts } from '../../test/support/promotion/plan-cases.ts';
import { purePlan } from '../../test/support/promotion/pure-plan.ts';
import { randomPlans } from '../../test/support/promotion/random-plans.ts';
import { referenceVerdicts } from '../../test/support/promotion/reference-plan.ts';

describe('src/plan', () => {
  it('decides every edge of random plans as a simple reference does', () => {
    fc.assert(
      fc.property(randomPlans, (plan) => {
        expect(withoutCovered(purePlan(plan))).toEqual(withoutCovered(referenceVerdicts(plan)));
      }),
      {
        numRuns: 500,
      },
    );
  });

  it('has every verdict in the random plans', () => {
    const seen: Record<keyof Verdicts, boolean> = { promote: false, lost: false, tagMoves: false, overlaps: false };
    for (const plan of fc.sample(randomPlans, { numRuns: 50, seed: 1 })) {
      const decided = referenceVerdicts(plan);
      for (const verdict of Object.keys(verdicts({})) as (keyof Verdicts)[])
        seen[verdict] ||= decided[verdict].length > 0;
    }
    expect(seen).toEqual({ promote: true, lost: true, tagMoves: true, overlaps: true });
  });
});
