import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillStores, projectsOf } from '../support/promotion/plan-cases.ts';
import { randomPlans } from '../support/promotion/random-plans.ts';
import { openWorld, WORLDS, type Run } from '../support/promotion/worlds.ts';

const SHARDS = [1, 2, 3, 8];
/** Totals that are sums over the shards. */
const SUMMED = [
  'images',
  'repositories',
  'present',
  'pending',
  'copied',
  'tagged',
  'failed',
  'promoted',
  'sourceReads',
] as const;

const sorted = (texts: readonly unknown[]): readonly string[] => texts.map((one) => JSON.stringify(one)).toSorted();

/** What reports say together; a problem of the tree is in each of them. */
function united(runs: readonly Run[]): object {
  const sum = (key: (typeof SUMMED)[number]): number =>
    runs.reduce((total, { report }) => total + report.totals[key], 0);
  return {
    totals: Object.fromEntries(SUMMED.map((key) => [key, sum(key)])),
    images: sorted(
      runs.flatMap(({ report }) => report.images.map(({ name, source, digest }) => [name, source, digest])),
    ),
    failures: [...new Set(sorted(runs.flatMap(({ report }) => report.failures)))],
  };
}

describe('shards of random trees', () => {
  it.for(WORLDS.filter(([, kind]) => kind === 'memory'))(
    'leave the registries and the results of one run, %s',
    async (kind) => {
      const property = fc.asyncProperty(randomPlans, fc.constantFrom(...SHARDS), async (plan, of) => {
        const [whole, divided] = await Promise.all([openWorld(kind, 1), openWorld(kind, 1)]);
        const [host = ''] = whole.hosts;
        for (const world of [whole, divided]) fillStores(plan, () => world.store(host));
        const projects = projectsOf(plan, () => host);
        for (const mode of ['dry-run', 'promote'] as const) {
          const one = await whole.run(mode, projects);
          const shards: Run[] = [];
          // in another order than that of their numbers
          for (let index = of - 1; index >= 0; index -= 1)
            shards.push(await divided.run(mode, projects, { index, of }));
          expect(united(shards)).toEqual(united([one]));
          expect(divided.snapshot(host)).toEqual(whole.snapshot(host));
        }
      });
      await fc.assert(property, { numRuns: 25 });
    },
  );
});
