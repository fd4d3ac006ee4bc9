import type { PromotionError } from '../../errors.ts';
import { hostOf, pathBelow, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { AuditPlaces } from '../../plan/audit/places.ts';
import { commonRoots, rootOf } from '../../plan/audit/roots.ts';
import type { RepositoryListing } from '../../registry/roles.ts';
import { readByHost } from '../reading/read-by-host.ts';
import type { Finds } from './finds.ts';
import { holdsAny, type SharedRoots } from './shared-roots.ts';
import type { AuditServices } from './services.ts';

/** Reads repositories that may be in no manifest; those of the tree are read before, and never again. */
export type ReadOthers = {
  /** Returns the repositories at and below a name. */
  catalog(root: string): Promise<readonly RepositoryName[]>;
  /** Lists one name, which may be a folder of repositories. */
  list(repository: RepositoryName): Promise<RepositoryListing>;
  /** Compares these repositories with the tree, each once. */
  read(names: readonly RepositoryName[]): Promise<void>;
  /** The names below each repository that was read, if its listing names some. */
  readonly children: Finds['children'];
  /** Returns the repositories that are in the tree and not empty. */
  heldBelow(root: string): readonly RepositoryName[];
  /** Returns true if a repository of another shard is not empty, and a catalog omits it. */
  othersHold(names: ReadonlySet<RepositoryName>, root: string): Promise<boolean>;
  readonly readsCatalogs: boolean;
  readonly errors: ReadonlyMap<RepositoryName, PromotionError>;
};

/** The destinations, and the repositories of the tree. */
type OtherPlaces = Pick<AuditPlaces, 'roots' | 'isSource'> & SharedRoots;

/** Reads the repositories at the destinations that the tree does not name. */
export function readOthers(
  { registry, traffic }: Pick<AuditServices, 'registry' | 'traffic'>,
  { roots, isSource, isWanted, isBelowOthers, missingOf, readsCatalogs }: OtherPlaces,
  finds: Finds,
  context: Context,
): ReadOthers {
  const [errors, done] = [new Map<RepositoryName, PromotionError>(), new Set<RepositoryName>()];
  let held: ReadonlyMap<string | undefined, readonly RepositoryName[]> | undefined;
  const [all, common] = [new Set(roots), commonRoots(roots)];
  const catalogs = new Map<string, Promise<readonly RepositoryName[]>>();
  const callTo = (repository: RepositoryName) => ({ signal: context.signal, meter: traffic.of(repository) });
  const list = async (repository: RepositoryName): Promise<RepositoryListing> => {
    done.add(repository);
    const listing = await registry.listRepository(repository, callTo(repository));
    await finds.look(repository, listing, callTo(repository));
    return listing;
  };
  return {
    errors,
    list,
    readsCatalogs,
    children: finds.children,
    catalog: async (root) => {
      const above = common.get(hostOf(root)) ?? root;
      const answer = catalogs.get(above) ?? registry.listRepositories(above, callTo(above));
      catalogs.set(above, answer);
      return (await answer).filter((name) => pathBelow(root, name) !== undefined);
    },
    read: async (names) => {
      const others = names.filter(
        (name) => !isWanted(name) && !isSource(name) && !done.has(name) && !isBelowOthers(name, finds.folders),
      );
      const read = async (name: RepositoryName): Promise<void> => void (await list(name));
      for (const [name, error] of await readByHost('destination', others, read, context)) errors.set(name, error);
    },
    othersHold: (names, root) => holdsAny(registry, missingOf(names, root), callTo),
    heldBelow: (root) =>
      (held ??= Map.groupBy(finds.held, (repository) => rootOf(repository, all))).get(root)?.filter(isWanted) ?? [],
  };
}
