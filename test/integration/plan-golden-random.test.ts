import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldIn, withEdges } from '../support/promotion/effects.ts';
import { fillStores, projectsOf, verdictsOf, withoutCovered } from '../support/promotion/plan-cases.ts';
import { randomPlans } from '../support/promotion/random-plans.ts';
import { referenceVerdicts } from '../support/promotion/reference-plan.ts';
import { openWorld, WORLDS } from '../support/promotion/worlds.ts';

const REGISTRIES = new Set(['staging-one', 'staging-two', 'prod', 'prod-two']);

describe('random plans, by effect', () => {
  it.for(WORLDS)('come out as the rules say, one edge at a time, %s', async (kind) => {
    const property = fc.asyncProperty(randomPlans, async (plan) => {
      await using world = await openWorld(kind, 1);
      const [host = ''] = world.hosts;
      fillStores(plan, () => world.store(host));
      const projects = projectsOf(plan, () => host);
      const before = heldIn([world.store(host)], REGISTRIES);
      const expected = withoutCovered(referenceVerdicts(plan));

      const dry = await world.run('dry-run', projects);
      expect(withoutCovered(verdictsOf(dry.report))).toEqual(expected);
      expect(heldIn([world.store(host)], REGISTRIES)).toEqual(before);

      const { report } = await world.run('promote', projects);
      expect(heldIn([world.store(host)], REGISTRIES)).toEqual(withEdges(before, expected.promote));
      expect(withoutCovered(verdictsOf(report))).toEqual({ ...expected, promote: [] });
    });
    // A plan over HTTP takes about a tenth of a second.
    await fc.assert(property, { numRuns: kind[1] === 'memory' ? 60 : 10 });
  });
});
