import { labelOf, repositoriesOf, type PlanCase } from './plan-cases.ts';
import type { RegistryStore } from '../memory-registry/store.ts';

/** What repositories hold: path, label, tags. Nothing more is told of a repository that holds nothing. */
export type Held = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What the plan says that these registries hold. */
export function heldBefore(plan: PlanCase, registries: ReadonlySet<string>): Held {
  const there = repositoriesOf(plan).filter(
    ([, labels, registry]) => registries.has(registry) && Object.keys(labels).length > 0,
  );
  return sorted(Object.fromEntries(there.map(([path, labels]) => [path, labels])));
}

/** What is held once these edges, and nothing else, have come to it. */
export function withEdges(before: Held, edges: readonly string[]): Held {
  const held: Record<string, Record<string, readonly string[]>> = structuredClone(before);
  for (const edge of edges) {
    const [, path = '', tag, label = ''] = /^([^:@]+)(?::([^@]+))?@(.+)$/.exec(edge) ?? [];
    const labels = (held[path] ??= {});
    labels[label] = [...(labels[label] ?? []), ...(tag === undefined ? [] : [tag])];
  }
  return sorted(held);
}

/** What stores hold in the repositories below these registries. */
export function heldIn(stores: readonly RegistryStore[], registries: ReadonlySet<string>): Held {
  const held: Record<string, Record<string, string[]>> = {};
  const isOurs = (path: string): boolean => [...registries].some((registry) => path.startsWith(`${registry}/`));
  for (const store of stores) {
    for (const path of store.paths().filter(isOurs)) {
      const repository = store.repository(path);
      for (const digest of repository?.manifests.keys() ?? []) (held[path] ??= {})[labelOf(digest)] = [];
      for (const [tag, digest] of repository?.tags ?? []) held[path]?.[labelOf(digest)]?.push(tag);
    }
  }
  return sorted(held);
}

function sorted(held: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>): Held {
  return Object.fromEntries(
    Object.entries(held).map(([path, labels]) => [
      path,
      Object.fromEntries(Object.entries(labels).map(([label, tags]) => [label, tags.toSorted()])),
    ]),
  );
}
