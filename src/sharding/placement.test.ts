import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { componentsOf, type Component, type Tie } from './components.ts';
import { placed, shardOfName } from './placement.ts';

const tie: fc.Arbitrary<Tie> = fc.record({
  source: fc.stringMatching(/^s\/[a-f]{1,2}$/),
  registries: fc.uniqueArray(fc.constantFrom('d', 'd/a', 'd/b', 'e', 'e/a'), { minLength: 1, maxLength: 3 }),
  name: fc.constantFrom('x', 'y', 'a/x', 'b/y'),
  digests: fc.integer({ min: 1, max: 50 }),
});

/** The repositories of a tie. */
const repositoriesOf = ({ source, registries, name }: Tie): readonly string[] => [
  source,
  ...registries.map((registry) => `${registry}/${name}`),
];

/** The connected components by repeated uniting, as sets of sources. */
function simpleComponents(ties: readonly Tie[]): ReadonlyMap<string, ReadonlySet<string>> {
  const groups = new Map<string, Set<string>>();
  for (const one of ties) {
    const names = repositoriesOf(one);
    const united = new Set([...names, ...names.flatMap((name) => [...(groups.get(name) ?? [])])]);
    for (const name of united) groups.set(name, united);
  }
  return groups;
}

const weigh = (components: Iterable<Component>): number => [...components].reduce((sum, { weight }) => sum + weight, 0);

/** Components with the weights of images that are promoted for years, and of many small ones. */
const manyComponents = (count: number): Component[] =>
  Array.from({ length: count }, (_, index) => ({ name: `staging/image-${index}`, weight: 1 + ((index * index) % 97) }));

function byName(components: Iterable<Component>, of: number): ReadonlyMap<string, number> {
  return new Map([...placed(components, of).shardOf].map(([{ name }, shard]) => [name, shard]));
}

function moved(components: readonly Component[], from: number, to: number): number {
  const [before, after] = [byName(components, from), byName(components, to)];
  const gone = components.filter(({ name }) => before.get(name) !== after.get(name));
  return weigh(gone) / weigh(components);
}

function largestOfMean(components: readonly Component[], of: number): number {
  const loads = new Map<number, number>();
  for (const [{ weight }, shard] of placed(components, of).shardOf) loads.set(shard, (loads.get(shard) ?? 0) + weight);
  return (Math.max(...loads.values()) * of) / weigh(components);
}

describe('src/sharding/components.ts', () => {
  it('finds the connected components, nested destinations and shared sources included', () => {
    fc.assert(
      fc.property(fc.array(tie, { maxLength: 12 }), (ties) => {
        const components = componentsOf(ties);
        const simple = simpleComponents(ties);
        for (const one of ties)
          for (const other of ties) {
            const isOne = components.get(one.source) === components.get(other.source);
            expect(isOne).toBe(simple.get(one.source)?.has(other.source));
          }
        expect(weigh(new Set(components.values()))).toBe(ties.reduce((sum, { digests }) => sum + digests, 0));
      }),
    );
  });

  it('does not depend on the order of the tree', () => {
    const shuffled = fc
      .array(tie, { maxLength: 12 })
      .chain((ties) => fc.tuple(fc.constant(ties), fc.shuffledSubarray(ties, { minLength: ties.length })));
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 1, max: 9 }), ([ties, others], of) => {
        const [one, other] = [componentsOf(ties), componentsOf(others)];
        expect(byName(new Set(other.values()), of)).toEqual(byName(new Set(one.values()), of));
        for (const [source, { name }] of one) expect(other.get(source)?.name).toBe(name);
      }),
    );
  });

  it('keeps names together that a set must share', () => {
    const set = { registries: ['d'], digests: 1 };
    const [one, other] = [
      { ...set, source: 's/a', name: 'a', names: ['public/app'] },
      { ...set, source: 's/b', name: 'b', names: ['public/app'] },
    ];
    expect(new Set(componentsOf([one, other]).values()).size).toBe(1);
  });
});

describe('src/sharding/placement.ts', () => {
  it('moves about a share of the weight when a shard is added', () => {
    const components = manyComponents(2000);
    for (let of = 1; of <= 9; of += 1) expect(moved(components, of, of + 1) * (of + 1)).toBeLessThan(1.3);
  });

  it('gives no shard more than 1.2 times the mean, unless a component alone is heavier', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 300, maxLength: 600 });
    fc.assert(
      fc.property(weights, fc.constantFrom(2, 3, 8), (list, of) => {
        const components = list.map((weight, index) => ({ name: `s/${index}`, weight }));
        expect(largestOfMean(components, of)).toBeLessThanOrEqual(1.2);
      }),
      { numRuns: 20 },
    );
  });

  it('places every component in one shard, also with more shards than components', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 20 }), (count, of) => {
        const shards = [...placed(manyComponents(count), of).shardOf.values()];
        expect(shards).toHaveLength(count);
        for (const shard of shards) expect(shard).toBeOneOf(Array.from({ length: of }, (_, index) => index));
      }),
    );
  });

  it('names components that are heavier than 1.5 shares', () => {
    const components = [{ name: 's/big', weight: 400 }, ...manyComponents(10).map((one) => ({ ...one, weight: 60 }))];
    expect(placed(components, 1).heavy).toEqual([]);
    expect(placed(components, 2).heavy).toEqual([]);
    expect(placed(components, 8).heavy).toEqual([{ name: 's/big', weight: 400 }]);
  });

  it('is the same on every machine and in every version', () => {
    expect([...byName(manyComponents(8), 3).values()]).toEqual([1, 2, 0, 2, 0, 0, 1, 2]);
    expect(['prod/a', 'prod/b', 'prod/c', 'prod/d'].map((name) => shardOfName(name, 3))).toEqual([0, 2, 2, 1]);
  });
});
