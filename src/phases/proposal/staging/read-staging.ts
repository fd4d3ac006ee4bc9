import { isPromotionError, type ErrorCode } from '../../../errors.ts';
import { joinRepository, pathBelow, splitRepository, type RepositoryName } from '../../../image/reference.ts';
import type { Context } from '../../../pipeline/phase.ts';
import type { RepositoryListing } from '../../../registry/roles.ts';
import { caught } from '../../caught.ts';
import { readByHost } from '../../reading/read-by-host.ts';
import { checkListed, type SnapshotReader } from '../../snapshot/held-manifests.ts';
import { isTree, listRoot } from '../../snapshot/repositories-below.ts';
import type { Place } from '../request.ts';

/** The listings of repositories in staging, by their names in the tree. */
export type Staging = ReadonlyMap<string, RepositoryListing>;

/** Failures of a registry that does not list its repositories, or not for us. */
const NOT_LISTED: readonly ErrorCode[] = ['NOT_FOUND', 'UNAUTHORIZED', 'DENIED', 'REGISTRY_PROTOCOL'];

/** Reads the lists of tags of these images; of all below the root if none is named. Throws if a list cannot be read. */
export async function readStaging(
  registry: SnapshotReader,
  { project, root }: Place,
  images: readonly string[],
  context: Context,
): Promise<Staging> {
  const listings = new Map<RepositoryName, RepositoryListing>();
  const below: RepositoryName[] = [];
  const read = async (repository: RepositoryName): Promise<RepositoryListing> => {
    const listing = await registry.listRepository(repository, context);
    listings.set(repository, listing);
    if (listing.kind === 'digests')
      for (const child of listing.children ?? []) below.push(checkListed(joinRepository(repository, child)));
    return listing;
  };
  const readAll = async (names: readonly RepositoryName[]): Promise<void> => {
    const errors = await readByHost('source', names, async (name) => void (await read(name)), context);
    for (const error of errors.values()) throw error;
  };
  if (images.length > 0) await readAll(images.map((name) => joinRepository(project.source, name)));
  else {
    const first = splitRepository(root).path === '' ? undefined : await listRoot(() => read(root));
    if (isTree(first)) while (below.length > 0) await readAll(below.splice(0));
    else {
      const names = await catalog(registry, { project, root }, context);
      await readAll(names.filter((name) => !listings.has(name)));
    }
  }
  const named = [...listings].map(
    ([repository, listing]) => [pathBelow(project.source, repository) ?? '', listing] as const,
  );
  return new Map(named.filter(([name]) => name !== ''));
}

/** Returns the repositories below the root from the catalog, or the ones that the tree names if there is no catalog. */
async function catalog(
  registry: SnapshotReader,
  { project, root }: Place,
  context: Context,
): Promise<readonly RepositoryName[]> {
  try {
    return await registry.listRepositories(root, context);
  } catch (error) {
    const failure = caught(error, context);
    if (!NOT_LISTED.includes(failure.code)) throw failure;
    const known = new Set(project.images.map(({ name }) => joinRepository(project.source, name)));
    const names = [...known].filter((name) => pathBelow(root, name) !== undefined);
    if (names.length === 0 || isPromotionError(error, 'REGISTRY_PROTOCOL')) throw failure;
    context.emit({ type: 'staging-unlisted', file: project.imagesFile, reason: failure.message });
    return names;
  }
}
