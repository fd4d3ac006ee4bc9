import fc from 'fast-check';
import type { Content, PlanCase } from './plan-cases.ts';

const LABELS = ['A', 'B', 'C', 'D'];
const TAGS = ['v1', 'v1.0', 'v1.10', 'v2', 'latest'];
const NAMES = ['app', 'server', 'server-amd64', 'app/child', 'team/app'];
const SOURCES = ['staging-one', 'staging-two'];
// Nested and sibling-prefix registries; the last tags in place.
const DESTINATIONS = ['prod', 'prod/app', 'prod/team', 'prod-two', 'staging-one'];

const tagSets = fc.subarray(TAGS, { maxLength: 3 });
const wantedImage = fc.record({
  name: fc.constantFrom(...NAMES),
  dmap: contentOf(fc.subarray(LABELS, { minLength: 1, maxLength: 3 })),
});

const project = fc.record({
  src: fc.constantFrom(...SOURCES),
  dsts: fc.subarray(DESTINATIONS, { minLength: 1, maxLength: 4 }),
  images: fc.uniqueArray(wantedImage, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
});

/** Plans of up to three projects that share sources, destinations, names and digests. */
export const randomPlans: fc.Arbitrary<PlanCase> = fc
  .record({ projects: fc.array(project, { minLength: 1, maxLength: 3 }), pool: fc.infiniteStream(fc.nat()) })
  .map(({ projects, pool }) => ({ projects, inventory: inventoryOf(pool) }));

/** Labels with tags, each tag at most once. */
function contentOf(labels: fc.Arbitrary<string[]>): fc.Arbitrary<Content[string]> {
  return labels.chain((chosen) =>
    fc
      .tuple(...chosen.map(() => tagSets))
      .map((sets) => Object.fromEntries(chosen.map((label, index) => [label, sets[index] ?? []]))),
  );
}

/** One repository of one registry for every path that a project may name, each path once. */
function inventoryOf(pool: Iterable<number>): PlanCase['inventory'] {
  const draw = pool[Symbol.iterator]();
  const next = (below: number): number => Number(draw.next().value ?? 0) % below;
  const inventory: Record<string, Record<string, Record<string, string[]>>> = {};
  const seen = new Set<string>();
  for (const registry of new Set([...SOURCES, ...DESTINATIONS])) {
    for (const name of NAMES) {
      if (seen.has(`${registry}/${name}`)) continue;
      seen.add(`${registry}/${name}`);
      const held: Record<string, string[]> = {};
      for (const label of LABELS) if (next(2) === 0) held[label] = [];
      const labels = Object.keys(held);
      for (const tag of TAGS)
        if (labels.length > 0 && next(2) === 0) held[labels[next(labels.length)] ?? '']?.push(tag);
      (inventory[registry] ??= {})[name] = held;
    }
  }
  return inventory;
}
