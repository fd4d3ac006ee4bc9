import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentOf } from '../../src/report/build/document.ts';
import { mergeReports } from '../../src/report/merge/merge.ts';
import { isShardReport } from '../../src/report/merge/share-problems.ts';
import type { ReportDocument } from '../../src/report/model/schema.ts';
import { comparable } from '../support/comparable-report.ts';
import { fillStores, projectsOf } from '../support/promotion/plan-cases.ts';
import { randomPlans } from '../support/promotion/random-plans.ts';
import { openWorld, WORLDS, type Run } from '../support/promotion/worlds.ts';

const SHARDS = [1, 2, 3, 8];

/** The report of a run, as `--report FILE.json` writes it. */
const documentFor = ({ report }: Run): ReportDocument =>
  documentOf({
    facts: report.run,
    run: report,
    exitCode: report.failures.length > 0 ? 1 : 0,
    flags: [],
    tree: 'sha256:7ee',
  });

/** The report of one run that `kpromo report merge` makes of those of shards. */
function mergedOf(runs: readonly Run[]): ReportDocument {
  const documents = runs.map(documentFor).filter(isShardReport);
  expect(documents).toHaveLength(runs.length);
  const { document, problems } = mergeReports(documents) ?? expect.unreachable('there are reports');
  expect(problems).toEqual([]);
  return document;
}

describe('shards of random trees', () => {
  it.for(WORLDS.filter(([, kind]) => kind === 'memory'))(
    'leave the registries and the merged report of one run, %s',
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
          const merged = mergedOf(shards);
          expect(comparable(merged, [])).toEqual(comparable(documentFor(one), []));
          expect(merged.totals.sourceReads).toBe(one.report.totals.sourceReads);
          expect(divided.snapshot(host)).toEqual(whole.snapshot(host));
        }
      });
      await fc.assert(property, { numRuns: 25 });
    },
  );
});
