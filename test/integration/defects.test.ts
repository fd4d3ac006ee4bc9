import { describe, expect, it } from 'vitest';
import { realClock } from '../../src/clock.ts';
import { jitteredPause } from '../../src/async/backoff.ts';
import { runPromotion } from '../../src/promotion.ts';
import { memoryRegistry, type MemoryCall } from '../support/memory-registry/memory.ts';
import { subjectLock } from '../../src/registry/attaching/lock.ts';
import { runReplication } from '../../src/replication.ts';
import { testContext } from '../support/promotion/context.ts';
import { digestOfLabel, imageOf } from '../support/promotion/plan-cases.ts';
import { loadedTree } from '../support/promotion/tree.ts';
import { TRUSTS_NOBODY } from '../support/promotion/trust.ts';
import { buildImage, storeImage } from '../support/registry/images.ts';

const SOURCE = 'staging.test/s/bad';
const MIRROR = 'a.test/prod/bad';
const TREE = loadedTree([
  {
    name: 'app',
    from: 'staging.test/s',
    to: ['a.test/prod', 'b.test/prod'],
    entries: [
      ['good', digestOfLabel('A'), 'v1'],
      ['bad', digestOfLabel('B'), 'v1'],
    ],
  },
]);

/** Every call that a promotion or a replication makes of these repositories. */
const CALLS: readonly (readonly [MemoryCall['operation'], string])[] = [
  ['listRepository', MIRROR],
  ['listRepository', SOURCE],
  ['resolveManifest', MIRROR],
  ['readManifest', SOURCE],
  ['readBlob', SOURCE],
  ['startBlob', MIRROR],
  ['send', MIRROR],
  ['writeManifest', MIRROR],
  ['listReferrers', SOURCE],
];

function defective(operation: MemoryCall['operation'], repository: string) {
  let met = 0;
  const registry = memoryRegistry({
    before: (call) => {
      if (call.operation !== operation || call.repository !== repository) return;
      met += 1;
      throw new TypeError('x is undefined');
    },
  });
  storeImage(registry.store('staging.test'), 's/good', imageOf('A'));
  storeImage(registry.store('staging.test'), 's/bad', imageOf('B'));
  return { registry, met: () => met };
}

describe('a defect that is met on one image or registry', () => {
  it.each(CALLS)('in %s of %s is a failure of that image alone', async (operation, repository) => {
    const { registry, met } = defective(operation, repository);
    const { context, log } = testContext();
    const report = await runPromotion(
      { mode: 'promote', threads: 4, version: 'test' },
      { load: () => Promise.resolve(TREE), registry, pause: jitteredPause(realClock(), () => 1), trust: TRUSTS_NOBODY },
      context,
    );
    for (const host of ['a.test', 'b.test'])
      expect(registry.store(host).resolve('prod/good', 'v1')).toBe(digestOfLabel('A'));
    expect(met()).toBeGreaterThan(0);
    const [failure] = report.failures;
    expect(report.failures).toHaveLength(1);
    expect(failure).toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('TypeError: x is undefined') });
    expect(failure?.hint).toContain('report this');
    expect(failure?.refs?.every((ref) => ref.includes('/bad'))).toBe(true);
    expect(log.some((line) => line.startsWith('debug TypeError: x is undefined\n    at '))).toBe(true);
  });

  it.each([
    ['listRepository', 'a.test/prod/bad'],
    ['listRepository', 'b.test/prod/bad'],
    ['readManifest', 'a.test/prod/bad'],
    ['writeManifest', 'b.test/prod/bad'],
  ] as const)('in %s of %s keeps no other signature from being replicated', async (operation, repository) => {
    const { registry, met } = defective(operation, repository);
    for (const [name, label] of [
      ['good', 'A'],
      ['bad', 'B'],
    ] as const) {
      for (const host of ['a.test', 'b.test']) storeImage(registry.store(host), `prod/${name}`, imageOf(label), ['v1']);
      const tag = `${digestOfLabel(label).replace(':', '-')}.sig`;
      storeImage(registry.store('a.test'), `prod/${name}`, buildImage({ seed: 7 }), [tag]);
    }
    const { context, log } = testContext();
    const pause = jitteredPause(realClock(), () => 1);
    const report = await runReplication(
      { mode: 'replicate', copies: 2, version: 'test' },
      { load: () => Promise.resolve(TREE), registry, pause, lock: subjectLock(pause) },
      context,
    );
    expect(met()).toBeGreaterThan(0);
    const tag = `${digestOfLabel('A').replace(':', '-')}.sig`;
    expect(registry.store('b.test').resolve('prod/good', tag)).toBeDefined();
    expect(report.failures).toMatchObject([{ code: 'INTERNAL' }]);
    expect(log.some((line) => line.startsWith('debug TypeError: x is undefined\n    at '))).toBe(true);
  });

  it('ends the run when it is stopped', async () => {
    const { context, abort } = testContext();
    const registry = memoryRegistry({
      before: () => {
        abort(new Error('stopped'));
        throw new TypeError('x is undefined');
      },
    });
    const report = await runPromotion(
      { mode: 'promote', threads: 4, version: 'test' },
      { load: () => Promise.resolve(TREE), registry, pause: jitteredPause(realClock(), () => 1), trust: TRUSTS_NOBODY },
      context,
    );
    expect(report.run.aborted).toBeDefined();
    expect(report.failures.filter(({ code }) => code === 'INTERNAL')).toEqual([]);
  });
});
