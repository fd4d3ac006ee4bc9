import { isPromotionError, type Failure, type PromotionError } from '../../errors.ts';
import { joinRepository, splitRepository, type RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import { entriesOf, keptLists } from '../../registry/listing/kept-lists.ts';
import type { RepositoryListing } from '../../registry/roles.ts';
import { checkListed, heldIn, type Held, type SnapshotReader } from './held-manifests.ts';
import { readByHost } from '../reading/read-by-host.ts';
import { isTree, listRoot, repositoriesBelow } from './repositories-below.ts';
import { unreadable } from '../reading/unreadable.ts';

/** The manifests by repository; incomplete if there are failures. */
export type RegistryContent = {
  readonly held: ReadonlyMap<RepositoryName, Held>;
  /** False if some listing has tags only: manifests without a tag are unknown then. */
  readonly knowsUntagged: boolean;
  /** Repositories that may hold more than their lists show. */
  readonly cut: readonly RepositoryName[];
  readonly failures: readonly Failure[];
};

/** Of one host, in tags and digests: as many take 350 MiB until they are printed. A registry of Kubernetes has some 110,000. */
const MOST_KEPT = 500_000;

/** Reads all repositories at and below a name: level by level if listings name those below, else by the catalog. */
export async function readRegistry(
  registry: SnapshotReader,
  name: RepositoryName,
  context: Context,
): Promise<RegistryContent> {
  const held = new Map<RepositoryName, Held>();
  const errors = new Map<RepositoryName, PromotionError>();
  const below: RepositoryName[] = [];
  const cut: RepositoryName[] = [];
  const kept = keptLists(MOST_KEPT);
  let knowsUntagged = true;
  const read = async (repository: RepositoryName): Promise<RepositoryListing> => {
    const listing = await registry.listRepository(repository, context);
    kept.keep(repository, entriesOf(listing));
    for (const child of childrenOf(repository, listing)) below.push(child);
    const manifests = await heldIn(registry, repository, listing, context);
    if (manifests.size > 0) held.set(repository, manifests);
    if (listing.kind === 'tags' && manifests.size > 0) knowsUntagged = false;
    if (listing.kind === 'digests' && listing.mayBeCut === true) cut.push(repository);
    return listing;
  };
  const readAll = async (names: readonly RepositoryName[]): Promise<void> => {
    for (const [repository, error] of await readByHost('source', names, async (one) => void (await read(one)), context))
      errors.set(repository, error);
  };
  const root = splitRepository(name).path === '' ? undefined : await listRoot(() => read(name));
  if (isTree(root)) {
    while (below.length > 0) await readAll(below.splice(0));
  } else {
    const names = await repositoriesBelow(registry, name, { root, isRepository: held.has(name) }, context);
    await readAll(names.filter((other) => other !== name));
    if (isPromotionError(root) && names.includes(name)) errors.set(name, root);
  }
  return { held, knowsUntagged, cut, failures: unreadable(errors) };
}

function childrenOf(repository: RepositoryName, listing: RepositoryListing): RepositoryName[] {
  if (listing.kind === 'tags') return [];
  return [...(listing.children ?? [])].map((child) => checkListed(joinRepository(repository, child)));
}
