import type { RepositoryName } from '../image/reference.ts';
import type { ImageSet } from '../plan/desired/desired.ts';
import { componentsOf, type Component } from './components.ts';
import { placed, shardOfName } from './placement.ts';
import type { Shard } from './shard.ts';

/** The digests of one image name of a project. */
export type TreeSet = Omit<ImageSet, 'images' | 'listed'> & { readonly digests: number };

/** The part of a tree that a shard processes, and how the rest is divided. */
export type Share = {
  readonly shard: Shard;
  /** All sets of the tree that have digests. */
  readonly tree: readonly TreeSet[];
  /** Returns true if this shard processes a source repository of the tree. */
  readonly isMine: (source: RepositoryName) => boolean;
  /** Returns the source of a destination repository of the tree; undefined for other repositories. */
  readonly sourceOf: (destination: RepositoryName) => RepositoryName | undefined;
  /** Returns true if this shard processes a name that is not in the tree. */
  readonly takes: (name: string) => boolean;
  readonly digests: Counted;
  readonly components: Counted;
  readonly heavy: readonly Component[];
};

/** How much of the tree this shard processes. */
type Counted = { readonly mine: number; readonly all: number };

/** Divides a tree. `names` are further names of a set that must be in one shard with it. */
export function shareOf(shard: Shard, tree: readonly TreeSet[], names?: (set: TreeSet) => readonly string[]): Share {
  const ties = tree.map((set) => ({ ...set, registries: set.destinations, names: names?.(set) }));
  const components = componentsOf(ties);
  const all = new Set(components.values());
  const { shardOf, heavy } = placed(all, shard.of);
  const mine = [...all].filter((component) => shardOf.get(component) === shard.index);
  const own = new Set(mine);
  const weightOf = (some: Iterable<Component>): number => [...some].reduce((sum, { weight }) => sum + weight, 0);
  const sources = new Set([...components].flatMap(([source, component]) => (own.has(component) ? [source] : [])));
  return {
    shard,
    tree,
    isMine: (source) => sources.has(source),
    sourceOf: destinationsOf(tree),
    takes: (name) => shardOfName(name, shard.of) === shard.index,
    digests: { mine: weightOf(mine), all: weightOf(all) },
    components: { mine: mine.length, all: all.size },
    heavy,
  };
}

/** Finds destination repositories without a list of them: a large tree has 300,000. */
function destinationsOf(tree: readonly TreeSet[]): Share['sourceOf'] {
  let known: ReadonlyMap<string, readonly SourcesByName[]> | undefined;
  return (repository) => {
    known ??= namesByRegistry(tree);
    for (let slash = repository.indexOf('/'); slash > 0; slash = repository.indexOf('/', slash + 1)) {
      const name = repository.slice(slash + 1);
      const there = known.get(repository.slice(0, slash))?.find((names) => names.has(name));
      if (there !== undefined) return there.get(name);
    }
    return undefined;
  };
}

/** The source repository of each image name. */
type SourcesByName = ReadonlyMap<string, RepositoryName>;

/** Returns the names below each registry; the registries of a project share one map. */
function namesByRegistry(tree: readonly TreeSet[]): ReadonlyMap<string, readonly SourcesByName[]> {
  const found = new Map<string, SourcesByName[]>();
  for (const [destinations, sets] of Map.groupBy(tree, ({ destinations: list }) => list)) {
    const names = new Map(sets.map(({ name, source }) => [name, source]));
    for (const registry of destinations) {
      const there = found.get(registry);
      if (there === undefined) found.set(registry, [names]);
      else there.push(names);
    }
  }
  return found;
}
