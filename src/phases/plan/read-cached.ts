import type { PromotionError } from '../../errors.ts';
import { hostOf, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { changedOf, chooseBelieved, oldestOf, type Listed } from '../../plan/believed/choose.ts';
import { wantedDigester } from '../../plan/believed/wanted-set.ts';
import type { Lack } from '../../plan/compare.ts';
import type { TagConflict } from '../../plan/conflicts.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { ManifestReader, TagLister } from '../../registry/roles.ts';
import { readByHost } from '../reading/read-by-host.ts';
import type { InventoryCache, InventoryUse } from './inventory-cache.ts';
import { listedBy, stillLacking } from './listed.ts';
import type { PlanServices } from './services.ts';

/** The repositories of a plan, and the functions that read them. */
export type Reads = {
  readonly names: readonly RepositoryName[];
  readonly setsOf: (repository: RepositoryName) => readonly ImageSet[];
  readonly conflictsOf: (repository: RepositoryName) => ReadonlyMap<string, TagConflict>;
  readonly isNeeded?: ((repository: RepositoryName) => boolean) | undefined;
  readonly read: (repository: RepositoryName, reader?: TagLister & ManifestReader) => Promise<void>;
  /** Returns what a repository that was read lacks. */
  readonly lacksOf: (repository: RepositoryName) => readonly Lack[];
};

/** How a run used the cache, and what it read, with the digest of each wanted set. */
export type CacheUse = Omit<InventoryUse, 'readings'> & {
  readonly readings: ReadonlyMap<RepositoryName, Listed & { readonly wanted: string }>;
};

type Read = {
  readonly believed: Iterable<RepositoryName>;
  readonly unread: ReadonlyMap<RepositoryName, PromotionError>;
  readonly use: CacheUse;
};

/**
 * Reads the repositories that the cache does not cover, and a sample of the others. If the cache is wrong about one of
 * them, or the clock is wrong, it is not believed at all. If one of them cannot be read, nothing about its registry is.
 */
export async function readCached(
  cache: InventoryCache,
  { names, setsOf, conflictsOf, isNeeded = () => false, read, lacksOf }: Reads,
  services: Pick<PlanServices, 'registry' | 'traffic'>,
  context: Context,
): Promise<Read> {
  const digestOf = wantedDigester();
  const wanted = new Map(names.map((name) => [name, digestOf(setsOf(name), conflictsOf(name))]));
  const now = context.clock.now();
  const { believed, checked } = chooseBelieved(wanted, cache.entries, { ...cache, now, isNeeded });
  context.emit({ type: 'inventory-believed', repositories: believed.size, since: oldestOf(believed) });
  const readings = new Map<RepositoryName, Listed & { readonly wanted: string }>();
  const readOne = async (repository: RepositoryName): Promise<void> => {
    const reading = { at: context.clock.now(), wanted: wanted.get(repository) ?? '', listed: undefined };
    readings.set(repository, reading);
    const listed = await listedBy(services.registry, (reader) => read(repository, reader));
    readings.set(repository, { ...reading, listed });
  };
  const covered = names.filter((name) => believed.has(name));
  const unread = await readByHost(
    'destination',
    names.filter((name) => !believed.has(name)),
    readOne,
    context,
  );
  const wrong = await stillLacking(services, [...checked.keys()].flatMap(lacksOf), context);
  const isClockWrong = cache.isClockWrong();
  if (wrong.length > 0) await cache.forget();
  if (wrong.length > 0 || isClockWrong) context.emit({ type: 'inventory-distrusted', wrong, isClockWrong });
  const down = new Set([...unread.keys()].filter((name) => checked.has(name)).map(hostOf));
  const doubted = covered.filter((name) => wrong.length > 0 || isClockWrong || down.has(hostOf(name)));
  const later = doubted.length === 0 ? [] : await readByHost('destination', doubted, readOne, context);
  const again = new Set(doubted);
  const left = new Map([...believed].filter(([name]) => !again.has(name)));
  const changed = changedOf(checked, readings).filter((name) => !wrong.includes(name)).length;
  const use = { believed: left.size, since: oldestOf(left), checked: checked.size, changed, wrong, readings };
  return { believed: left.keys(), unread: new Map([...unread, ...later]), use };
}
