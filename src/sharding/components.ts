import { joinRepository, type RepositoryName } from '../image/reference.ts';

/** Digests of one source repository, and all names that they tie to it. */
export type Tie = {
  readonly source: RepositoryName;
  /** The registries that get the digests under `name`. */
  readonly registries: readonly string[];
  readonly name: string;
  readonly digests: number;
  /** Further names that belong together, such as the name by which clients pull. */
  readonly names?: readonly string[] | undefined;
};

/** Repositories that digests tie together: one shard reads and writes all of them. */
export type Component = {
  /** Its first source repository by name, so that a further mirror changes nothing. */
  readonly name: RepositoryName;
  /** The number of its digests. */
  readonly weight: number;
};

/** Returns the component of each source repository: the connected components of the graph of repositories. */
export function componentsOf(ties: readonly Tie[]): ReadonlyMap<RepositoryName, Component> {
  const { find, unite } = unionFind();
  for (const { source, registries, name, names = [] } of ties) {
    for (const registry of registries) unite(source, joinRepository(registry, name));
    for (const other of names) unite(source, other);
  }
  const found = new Map<number, { name: RepositoryName; weight: number }>();
  const components = new Map<RepositoryName, Component>();
  for (const { source, digests } of ties) {
    const root = find(source);
    const component = found.get(root) ?? { name: source, weight: 0 };
    found.set(root, component);
    if (source < component.name) component.name = source;
    component.weight += digests;
    components.set(source, component);
  }
  return components;
}

/** Disjoint sets of names. Numbers stand for them: a large tree has 300,000. */
function unionFind(): { find(name: string): number; unite(one: string, other: string): void } {
  const numbers = new Map<string, number>();
  const parents: number[] = [];
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const number = parents.push(parents.length) - 1;
    numbers.set(name, number);
    return number;
  };
  const rootOf = (number: number): number => {
    let root = number;
    for (let above = parents[root] ?? root; above !== root; above = parents[root] ?? root) {
      parents[root] = parents[above] ?? above;
      root = parents[root] ?? above;
    }
    return root;
  };
  const find = (name: string): number => rootOf(numberOf(name));
  return { find, unite: (one, other) => void (parents[find(other)] = find(one)) };
}
