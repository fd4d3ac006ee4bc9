import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryRegistry, type MemoryRegistry } from '../../../test/support/memory-registry/memory.ts';
import { testContext } from '../../../test/support/promotion/context.ts';
import { digestOfLabel, imageOf } from '../../../test/support/promotion/plan-cases.ts';
import { loadedTree } from '../../../test/support/promotion/tree.ts';
import { storeImage } from '../../../test/support/registry/images.ts';
import { PromotionError } from '../../errors.ts';
import { repositoryOf } from '../../image/reference.ts';
import type { InventoryEntries } from '../../plan/believed/entry.ts';
import { mergeEntries } from '../../plan/believed/renew.ts';
import { wantedLines } from '../../plan/believed/wanted-set.ts';
import { wantedBy } from '../../plan/desired/wanted.ts';
import { sourceReader } from '../../registry/source.ts';
import type { PromotedImage, TargetResult } from '../images.ts';
import { plan, type Plan } from '../plan.ts';
import { countTraffic } from '../reading/traffic.ts';
import { setup } from '../setup.ts';
import type { CandidateServices } from './candidate-services.ts';
import { entriesAfter, type InventoryCache, type InventoryUse } from './inventory-cache.ts';

const HOUR = 3_600_000;
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

type Given = {
  readonly entries?: InventoryEntries | undefined;
  readonly candidates?: CandidateServices;
  readonly now?: number;
  readonly random?: () => number;
  /** The label of each image. Default: its name. */
  readonly labels?: readonly string[];
};

type World = {
  readonly registry: MemoryRegistry;
  run(given: Given, registry?: MemoryRegistry): Promise<Planned>;
};

/** A registry with all images on both mirrors. */
function world(listing: 'digests' | 'tags' = 'digests'): World {
  const calls: string[] = [];
  const registry = memoryRegistry({
    listing: () => listing,
    before: ({ operation, repository }) => void calls.push(`${operation} ${repository}`),
  });
  for (const host of ['a.test', 'b.test', 'c.test'])
    for (const name of NAMES) storeImage(registry.store(host), name, imageOf(name), ['v1']);
  return { registry, run: (given, used = registry) => planned(used, calls, given) };
}

async function planned(
  registry: MemoryRegistry,
  calls: string[],
  { entries, candidates, now, random = () => 0.5, labels = NAMES }: Given,
): Promise<Planned> {
  calls.length = 0;
  const traffic = countTraffic();
  const { context, log } = testContext();
  const images = NAMES.map((name, index) => [name, digestOfLabel(labels[index] ?? name), 'v1'] as const);
  const project = { name: 'p', from: 'a.test', to: ['b.test', 'c.test'], entries: images };
  const loaded = await setup({ load: () => Promise.resolve(loadedTree([project])) }).run({}, context);
  const inventory: InventoryCache | undefined = entries && {
    entries,
    verifyAll: false,
    random,
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
  const clock = { ...context.clock, now: () => now ?? context.clock.now() };
  return { plan: await plan(services).run({ loaded }, { ...context, clock }), calls: [...calls], log };
}

/** Returns the entries that a run which only reads leaves. */
const entriesOf = ({ plan: { inventory } }: Planned): InventoryEntries =>
  inventory === undefined ? new Map() : entriesAfter(inventory, {});

/** What happens before a run: hours pass, and a mirror loses its image, gets another one, or the tree changes. */
const step = fc.record({
  hours: fc.double({ min: 0.1, max: 13, noNaN: true }),
  act: fc.constantFrom('nothing', 'lose', 'move', 'edit'),
  host: fc.constantFrom('b.test', 'c.test'),
  index: fc.nat(NAMES.length - 1),
  random: fc.double({ min: 0, max: 1, noNaN: true }),
});

const START = Date.UTC(2026, 0, 1);
const NO_USE: InventoryUse = { believed: 0, since: undefined, checked: 0, changed: 0, wrong: [], readings: new Map() };

describe('src/phases/plan/read-cached.ts', () => {
  it('reads every primary if images may be unsigned, so that candidates are the same as without a cache', async () => {
    const { run } = world();
    const entries = entriesOf(await run({ entries: new Map() }));
    expect(entries.size).toBe(8);

    const usual = await run({ candidates: CANDIDATES });
    const cached = await run({ entries, candidates: CANDIDATES });
    const primaries = NAMES.map((name) => `listRepository b.test/${name}`);
    expect(cached.calls).toEqual([...primaries, 'listRepository c.test/app0']);
    expect(cached.plan.signing).toEqual({ ...usual.plan.signing, primaryOf: expect.any(Function) });
    expect(cached.plan.present).toBe(usual.plan.present);
    const ofCandidates = (log: readonly string[]): readonly string[] => log.filter((line) => /signatures/.test(line));
    expect(ofCandidates(cached.log)).toEqual(ofCandidates(usual.log));
    expect(ofCandidates(cached.log)).toHaveLength(1);

    // without signing, the primary is a mirror like any other
    const unsigned = await run({ entries });
    expect(unsigned.calls).toEqual(['listRepository b.test/app0', 'listRepository c.test/app0']);
  });

  it('does not distrust a cache because a list omits a tag that the registry has', async () => {
    const { registry, run } = world('tags');
    const entries = entriesOf(await run({ entries: new Map() }));
    const stale: MemoryRegistry = {
      ...registry,
      listRepository: async () => ({ kind: 'digests', manifests: new Map() }),
    };
    const cached = await run({ entries }, stale);
    expect(cached.plan.inventory).toMatchObject({ believed: 6, checked: 2, changed: 2, wrong: [] });
    expect([cached.plan.images, cached.plan.present]).toEqual([[], 8]);
  });

  it('never hides for a day that a mirror lacks an image, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const { registry, run } = world();
        const labels = [...NAMES];
        const changedAt = new Map<string, number>();
        let [now, entries] = [START, entriesOf(await run({ entries: new Map(), now: START }))];
        for (const { hours, act, host, index, random } of steps) {
          const name = NAMES[index] ?? '';
          const place = `${host}/${name}`;
          now += hours * HOUR;
          if (act === 'lose') registry.store(host).remove(name, 'manifest', digestOfLabel(name));
          if (act === 'move') storeImage(registry.store(host), name, imageOf('moved'), ['v1']);
          if (act === 'edit') labels[index] = labels[index] === name ? 'edited' : name;
          else if (act !== 'nothing' && !changedAt.has(place)) changedAt.set(place, now);
          const found = await run({ entries, now, random: () => random, labels });
          const { images, failures, inventory = NO_USE } = found.plan;
          const wrong = new Set(failures.flatMap(({ refs = [] }) => refs.map(repositoryOf)));
          for (const { targets } of images) for (const { repository } of targets) wrong.add(repository);
          const hidden = [...changedAt].filter(([one, time]) => now - time >= 24 * HOUR && !wrong.has(one));
          expect(hidden).toEqual([]);
          entries = mergeEntries(entries, entriesAfter(inventory, {}));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('leaves an entry for a repository only if all that it lacked was written and read back', () => {
    const [wanted] = loadedImages();
    if (wanted === undefined) throw new Error('there is no image');
    const result = (repository: string, part: Partial<TargetResult>): TargetResult => ({
      repository,
      action: 'copy',
      tags: wanted.tags,
      isNew: false,
      attempts: 1,
      requests: 1,
      bytes: 0,
      ms: 0,
      ...part,
    });
    const reading = { at: 1, listed: 'l', wanted: 'w', lacking: wantedLines(wanted) };
    const names = ['done', 'waits', 'moved', 'failed', 'other', 'unread'];
    const readings = new Map(
      names.map((name) => [name, name === 'unread' ? { ...reading, lacking: undefined } : reading]),
    );
    const of = (...results: readonly TargetResult[]): { readonly images: readonly PromotedImage[] } => ({
      images: [{ wanted, results, sourceReads: 1 }],
    });
    const promotion = of(
      result('done', {}),
      result('waits', { isUntagged: true }),
      result('moved', { tags: ['v1'] }),
      result('failed', { error: new PromotionError('DENIED', 'no') }),
    );
    const complete = (outputs: Parameters<typeof entriesAfter>[1]): string[] =>
      [...entriesAfter({ ...NO_USE, readings }, outputs)].flatMap(([name, { satisfied, listed }]) => {
        expect(listed).toBeUndefined();
        return satisfied === 'w' ? [name] : [];
      });
    expect(complete({})).toEqual([]);
    expect(complete({ promotion })).toEqual(['done']);
    expect(complete({ promotion, tagging: of(result('waits', {})) })).toEqual(['waits']);
  });
});

function loadedImages(): readonly PromotedImage['wanted'][] {
  const entries = [['app0', digestOfLabel('app0'), 'v1', 'v2'] as const];
  return wantedBy(loadedTree([{ name: 'p', from: 'a.test', to: ['b.test'], entries }]).projects).flatMap(
    ({ images }) => images,
  );
}
