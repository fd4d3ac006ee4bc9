import { describe, expect, it } from 'vitest';
import { memoryRegistry, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { digestOfLabel, imageOf } from '../../../test/support/promotion/plan-cases.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { storeImage } from '../../../test/support/registry/images.ts';
import type { InventoryEntries } from '../../plan/believed/entry.ts';
import { sourceReader } from '../../registry/source.ts';
import { plan, type Plan } from '../plan.ts';
import { countTraffic } from '../reading/traffic.ts';
import { setup } from '../setup.ts';
import type { CandidateServices } from './candidate-services.ts';
import { entriesAfter, type InventoryCache } from './inventory-cache.ts';

const NAMES = ['app0', 'app1', 'app2', 'app3'];

/** A run that signs, without an identity, whatever the age of an image. */
const CANDIDATES: CandidateServices = {
  rules: { since: 'all' },
  young: () => Promise.resolve(undefined),
  identity: () => Promise.resolve(undefined),
  wantsTag: () => false,
  rate: 100,
};

type Planned = { readonly plan: Plan; readonly calls: readonly string[]; readonly log: readonly string[] };

async function planned(
  registry: MemoryRegistry,
  calls: string[],
  entries?: InventoryEntries,
  candidates?: CandidateServices,
): Promise<Planned> {
  calls.length = 0;
  const traffic = countTraffic();
  const { context, log } = testContext();
  const images = NAMES.map((name) => [name, digestOfLabel(name), 'v1'] as const);
  const project = { name: 'p', from: 'a.test', to: ['b.test', 'c.test'], entries: images };
  const loaded = await setup({ load: () => Promise.resolve(loadedTree([project])) }).run({}, context);
  const inventory: InventoryCache | undefined = entries && {
    entries,
    verifyAll: false,
    random: () => 0.5,
    isClockWrong: () => false,
    forget: () => Promise.resolve(),
    keep: () => Promise.resolve(),
  };
  const destination = 'compared' as const;
  const services = {
    registry,
    source: sourceReader(registry, traffic.of),
    traffic,
    candidates,
    inventory,
    destination,
  };
  return { plan: await plan(services).run({ loaded }, context), calls: [...calls], log };
}

describe('src/phases/plan/read-cached.ts', () => {
  it('reads every primary if images may be unsigned, so that candidates are the same as without a cache', async () => {
    const calls: string[] = [];
    const registry = memoryRegistry({
      listing: () => 'digests',
      before: ({ operation, repository }) => void calls.push(`${operation} ${repository}`),
    });
    for (const host of ['a.test', 'b.test', 'c.test'])
      for (const name of NAMES) storeImage(registry.store(host), name, imageOf(name), ['v1']);
    const { inventory } = (await planned(registry, calls, new Map())).plan;
    const entries = inventory && entriesAfter(inventory, {});
    expect(entries?.size).toBe(8);

    const usual = await planned(registry, calls, undefined, CANDIDATES);
    const cached = await planned(registry, calls, entries, CANDIDATES);
    const primaries = NAMES.map((name) => `listRepository b.test/${name}`);
    expect(cached.calls).toEqual([...primaries, 'listRepository c.test/app0']);
    expect(cached.plan.signing).toEqual({ ...usual.plan.signing, primaryOf: expect.any(Function) });
    expect(cached.plan.present).toBe(usual.plan.present);
    const ofCandidates = (log: readonly string[]): readonly string[] => log.filter((line) => /signatures/.test(line));
    expect(ofCandidates(cached.log)).toEqual(ofCandidates(usual.log));
    expect(ofCandidates(cached.log)).toHaveLength(1);

    // without signing, the primary is a mirror like any other
    const unsigned = await planned(registry, calls, entries);
    expect(unsigned.calls).toEqual(['listRepository b.test/app0', 'listRepository c.test/app0']);
  });

  it('does not distrust a cache because a list omits a tag that the registry has', async () => {
    const calls: string[] = [];
    const registry = memoryRegistry({ listing: () => 'tags' });
    for (const host of ['a.test', 'b.test', 'c.test'])
      for (const name of NAMES) storeImage(registry.store(host), name, imageOf(name), ['v1']);
    const { inventory } = (await planned(registry, calls, new Map())).plan;
    const stale: MemoryRegistry = {
      ...registry,
      listRepository: async () => ({ kind: 'digests', manifests: new Map() }),
    };
    const entries = inventory && entriesAfter(inventory, {});
    const cached = await planned(stale, calls, entries);
    expect(cached.plan.inventory).toMatchObject({ believed: 6, checked: 2, changed: 2, wrong: [] });
    expect([cached.plan.images, cached.plan.present]).toEqual([[], 8]);
  });
});
