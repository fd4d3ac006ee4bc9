import { createHash } from 'node:crypto';
import type { Component } from './components.ts';

/**
 * How much of the mean a shard may get, unless a component alone is heavier. On the tree of Kubernetes (386 components,
 * 20,018 digests) without a limit one of 8 shards gets 1.40 times the mean. With 1.05 a ninth shard moves 1.6 times its
 * own share, with 1.15 it moves 1.3 times.
 */
const MOST_OF_MEAN = 1.15;

/** A component heavier than this many shares keeps a run waiting for one shard. */
const HEAVY_SHARES = 1.5;

/** The shard of each component. */
export type Placement = {
  readonly shardOf: ReadonlyMap<Component, number>;
  /** Components heavier than 1.5 shares, the heaviest first. They are not split. */
  readonly heavy: readonly Component[];
};

/**
 * Assigns components to shards by rendezvous hashing with bounded load: each takes the shard with the highest score that
 * has room for it, the heaviest first. Depends only on names and weights, so all machines compute the same, and another
 * number of shards moves few components.
 */
export function placed(components: Iterable<Component>, of: number): Placement {
  const ordered = [...components].toSorted((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
  const share = ordered.reduce((sum, { weight }) => sum + weight, 0) / of;
  const loads = Array.from({ length: of }, () => 0);
  const loadOf = (shard: number): number => loads[shard] ?? 0;
  const shardOf = new Map<Component, number>();
  for (const component of ordered) {
    const { name, weight } = component;
    const best =
      highest(name, of, (shard) => loadOf(shard) + weight <= share * MOST_OF_MEAN) ??
      loads.reduce((least, load, shard) => (load < loadOf(least) ? shard : least), 0);
    loads[best] = loadOf(best) + weight;
    shardOf.set(component, best);
  }
  return { shardOf, heavy: ordered.filter(({ weight }) => of > 1 && weight > share * HEAVY_SHARES) };
}

/** Returns the shard of a name that is not in the tree. */
export function shardOfName(name: string, of: number): number {
  return highest(name, of, () => true) ?? 0;
}

/** Returns the shard with the highest score for a name among those that fit; undefined if none does. */
function highest(name: string, of: number, fits: (shard: number) => boolean): number | undefined {
  const seed = createHash('sha256').update(name).digest().readUInt32BE(0);
  let best: { readonly shard: number; readonly score: number } | undefined;
  for (let shard = 0; shard < of; shard += 1) {
    const score = mixed(seed ^ mixed(shard + GOLDEN));
    if ((best === undefined || score > best.score) && fits(shard)) best = { shard, score };
  }
  return best?.shard;
}

/** 2^32 divided by the golden ratio: without it shard 0 would have the score of the seed alone. */
const GOLDEN = 0x9e3779b9;

/** Mixes 32 bits, as the end of MurmurHash3 does; a cryptographic hash for each pair would take seconds. */
function mixed(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}
