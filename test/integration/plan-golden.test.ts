import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heldBefore, heldIn, withEdges, type Held } from '../support/promotion/effects.ts';
import { goldenPlans } from '../support/promotion/golden-plans.ts';
import { fillStores, projectsOf, verdictsOf } from '../support/promotion/plan-cases.ts';
import { openWorld, WORLDS, type World } from '../support/promotion/worlds.ts';

const all = goldenPlans();

/** Staging is on the first host, production on the second. */
const hostFor = (world: World, registry: string): string => world.hosts[registry.startsWith('staging') ? 0 : 1] ?? '';

for (const kind of WORLDS) {
  // The registry contract shows that all kinds of world are alike: each other than the first has a sixth of the plans.
  const sixth = WORLDS.indexOf(kind);
  const plans = kind === WORLDS[0] ? all : all.filter((_, index) => index % 6 === sixth);
  describe(`the plans of upstream ${kind[0]}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld(kind, 2);
      for (const plan of plans) fillStores(plan, (registry) => world.store(hostFor(world, registry)));
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const held = (registries: readonly string[]): Held => heldIn(world.hosts.map(world.store), new Set(registries));

    it.for(plans)('decides every edge of plan $id as upstream does, and does just that', async (plan) => {
      const [sources, mirrors] = [plan.projects.map(({ src }) => src), plan.projects.flatMap(({ dsts }) => dsts)];
      const projects = projectsOf(plan, (registry) => hostFor(world, registry));
      const [staging, production] = [held(sources), held(mirrors)];
      expect(production).toEqual(heldBefore(plan, new Set(mirrors)));

      const dry = await world.run('dry-run', projects);
      expect(verdictsOf(dry.report)).toEqual(plan.upstream);
      expect(held(mirrors)).toEqual(production);

      const promoted = await world.run('promote', projects);
      expect(held(mirrors)).toEqual(withEdges(production, plan.upstream.promote));
      expect(held(sources)).toEqual(staging);
      expect(verdictsOf(promoted.report)).toEqual({ ...plan.upstream, promote: [] });
      const { pending, copied, tagged, failed } = promoted.report.totals;
      expect({ pending, failed, done: copied + tagged }).toEqual({
        pending: 0,
        failed: plan.upstream.lost.length + plan.upstream.tagMoves.length,
        done: plan.upstream.promote.length,
      });
    });
  });
}
