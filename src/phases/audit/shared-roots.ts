import { hostOf, joinRepository, pathBelow, type RepositoryName } from '../../image/reference.ts';
import type { ImageSet } from '../../plan/desired/desired.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import type { Share } from '../../sharding/share.ts';

/** Which shard looks for repositories that no manifest names. */
export type SharedRoots = {
  /** True if this shard reads the catalogs. One does, so that a repository on all mirrors is one difference. */
  readonly readsCatalogs: boolean;
  /** Returns true for a destination repository of the tree, of whatever shard. */
  isWanted(repository: RepositoryName): boolean;
  /** Returns true for a repository below one of another shard, which finds it there: `folders` are hosts whose listings name what is below. */
  isBelowOthers(repository: RepositoryName, folders: ReadonlySet<string>): boolean;
  /** Returns destination repositories of other shards below a root that are not in `names`; at most a few. */
  missingOf(names: ReadonlySet<RepositoryName>, root: string): readonly RepositoryName[];
};

/**
 * Repositories of other shards that a catalog omits and that are listed, to find out whether the catalog is complete. One that
 * omits repositories omits many; a repository that nothing was promoted to yet is not in it either.
 */
const MOST_ASKED = 20;

/** Divides the search among shards; without a share, this run does all of it. */
export function sharedRoots(
  share: Share | undefined,
  destinations: ReadonlyMap<RepositoryName, readonly ImageSet[]>,
): SharedRoots {
  if (share === undefined)
    return {
      readsCatalogs: true,
      isWanted: (repository) => destinations.has(repository),
      isBelowOthers: () => false,
      missingOf: () => [],
    };
  const isOthers = (repository: RepositoryName): boolean => {
    const source = share.sourceOf(repository);
    return source !== undefined && !share.isMine(source);
  };
  return {
    readsCatalogs: share.takes('catalogs'),
    isWanted: (repository) => share.sourceOf(repository) !== undefined,
    isBelowOthers: (repository, folders) => {
      if (!folders.has(hostOf(repository))) return false;
      for (let above = parentOf(repository); above.length > hostOf(above).length; above = parentOf(above))
        if (share.sourceOf(above) !== undefined) return isOthers(above);
      return false;
    },
    missingOf: (names, root) => {
      const missing: RepositoryName[] = [];
      for (const { destinations: registries, name } of share.tree)
        for (const registry of registries) {
          const repository = joinRepository(registry, name);
          if (pathBelow(root, repository) === undefined || names.has(repository) || !isOthers(repository)) continue;
          missing.push(repository);
          if (missing.length === MOST_ASKED) return missing;
        }
      return missing;
    },
  };
}

/** Returns true if one of these repositories is not empty. */
export async function holdsAny(
  registry: Pick<RegistryReader, 'listRepository'>,
  repositories: readonly RepositoryName[],
  callTo: (repository: RepositoryName) => Call,
): Promise<boolean> {
  for (const repository of repositories) {
    const listing = await registry.listRepository(repository, callTo(repository));
    if ((listing.kind === 'tags' ? listing.tags : listing.manifests).size > 0) return true;
  }
  return false;
}

function parentOf(repository: RepositoryName): RepositoryName {
  return repository.slice(0, Math.max(repository.lastIndexOf('/'), hostOf(repository).length));
}
