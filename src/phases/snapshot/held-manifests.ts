import { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import { hostOf, isTag, repositoryProblem, type RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import type {
  ListedManifest,
  ManifestReader,
  RepositoryLister,
  RepositoryListing,
  TagLister,
} from '../../registry/roles.ts';
import { REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';

/** The roles for reading a whole registry; none of them writes. */
export type SnapshotReader = ManifestReader & TagLister & RepositoryLister;

/** The known manifests of a repository, by digest. */
export type Held = ReadonlyMap<Digest, ListedManifest>;

/** Returns the manifests of a listing. Resolves each tag whose digest the listing does not have. */
export async function heldIn(
  registry: ManifestReader,
  repository: RepositoryName,
  listing: RepositoryListing,
  context: Context,
): Promise<Held> {
  if (listing.kind === 'digests') {
    for (const { tags } of listing.manifests.values()) for (const tag of tags) checkTag(repository, tag);
    return listing.manifests;
  }
  const held = new Map<Digest, { readonly tags: string[]; readonly mediaType?: string }>();
  await eachOf(listing.tags, REQUESTS_AT_ONCE, async (tag) => {
    checkTag(repository, tag);
    const known = listing.digests?.get(tag);
    const found = known === undefined ? await lookUp(registry, repository, tag, context) : { digest: known };
    if (found === undefined) return context.emit({ type: 'tag-gone', ref: `${repository}:${tag}` });
    const { digest, ...type } = found;
    const there = held.get(digest) ?? { tags: [], ...type };
    held.set(digest, there);
    there.tags.push(tag);
  });
  return held;
}

/** Returns a repository name that a registry listed. It becomes part of URLs; throws REGISTRY_PROTOCOL if it is invalid. */
export function checkListed(repository: RepositoryName): RepositoryName {
  const problem = repositoryProblem(repository);
  return problem === undefined ? repository : refuse(repository, `a repository that ${problem}`);
}

/** Throws REGISTRY_PROTOCOL for a listed tag that no registry can have: it becomes part of addresses. */
export function checkTag(repository: RepositoryName, tag: string): void {
  if (!isTag(tag)) refuse(repository, `${JSON.stringify(tag.slice(0, 80))} as a tag, which is not a valid tag`);
}

function refuse(repository: RepositoryName, what: string): never {
  const host = hostOf(repository);
  throw new PromotionError('REGISTRY_PROTOCOL', `listing ${repository}: the registry names ${what}`, {
    hint: `check that ${host} is a registry and not something else that answers`,
  });
}

// A listed tag exists, but some registries deny it to a HEAD.
async function lookUp(
  registry: ManifestReader,
  repository: RepositoryName,
  tag: string,
  context: Context,
): Promise<{ readonly digest: Digest; readonly mediaType: string } | undefined> {
  const found =
    (await registry.resolveManifest(repository, tag, context)) ??
    (await registry.readManifest(repository, tag, context))?.descriptor;
  return found && { digest: found.digest, mediaType: found.mediaType };
}
