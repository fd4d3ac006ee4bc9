import type { RepositoryName } from '../image/reference.ts';

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
  const prefixes = new Map<string, Hash>();
  for (const { source, registries, name, names = [] } of ties) {
    const one = keyOf(source);
    for (const registry of registries) {
      const prefix = prefixes.get(registry) ?? { high: hashed(`${registry}/`, HIGH), low: hashed(`${registry}/`, LOW) };
      prefixes.set(registry, prefix);
      unite(one, keyOf(name, prefix));
    }
    for (const other of names) unite(one, keyOf(other));
  }
  const found = new Map<number, { name: RepositoryName; weight: number }>();
  const components = new Map<RepositoryName, Component>();
  for (const { source, digests } of ties) {
    const root = find(keyOf(source));
    const component = found.get(root) ?? { name: source, weight: 0 };
    found.set(root, component);
    if (source < component.name) component.name = source;
    component.weight += digests;
    components.set(source, component);
  }
  return components;
}

/**
 * Two hashes of a name. They stand for it, since a large tree has 300,000 repositories, whose names take 50 MB. Should two
 * names have the same (once in 200,000 such trees), their components become one, which is as correct.
 */
type Hash = { readonly high: number; readonly low: number };

// FNV-1a, and the same with other constants: http://www.isthe.com/chongo/tech/comp/fnv/
const HIGH = { offset: 0x811c9dc5, prime: 0x01000193 };
const LOW = { offset: 0x050c5d1f, prime: 0x01000197 };
const START: Hash = { high: HIGH.offset, low: LOW.offset };

/** Returns 21 and 32 bits as one number, which is exact; `before` is the hash of a prefix. */
function keyOf(text: string, { high, low }: Hash = START): number {
  const upper = hashed(text, { ...HIGH, offset: high }) >>> 11;
  return upper * 2 ** 32 + (hashed(text, { ...LOW, offset: low }) >>> 0);
}

function hashed(text: string, { offset, prime }: typeof HIGH): number {
  let hash = offset;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), prime);
  return hash;
}

/** Disjoint sets of keys. */
function unionFind(): { find(key: number): number; unite(one: number, other: number): void } {
  const numbers = new Map<number, number>();
  const parents: number[] = [];
  const find = (key: number): number => {
    let root = numbers.get(key);
    if (root === undefined) {
      root = parents.push(parents.length) - 1;
      numbers.set(key, root);
    }
    for (let above = parents[root] ?? root; above !== root; above = parents[root] ?? root) {
      parents[root] = parents[above] ?? above;
      root = parents[root] ?? above;
    }
    return root;
  };
  return { find, unite: (one, other) => void (parents[find(other)] = find(one)) };
}
