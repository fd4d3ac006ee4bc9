import type { Digest } from '../../../image/digest.ts';
import { joinRepository, type RepositoryName } from '../../../image/reference.ts';
import { eachOf } from '../../../async/each-of.ts';
import type { Context } from '../../../pipeline/phase.ts';
import type { ManifestReader, RepositoryListing } from '../../../registry/roles.ts';
import { REQUESTS_AT_ONCE } from '../../reading/read-by-host.ts';
import type { Staging } from './read-staging.ts';
import type { ProposalRequest } from '../request.ts';

/** An image of staging: its digests by the tags that were asked for, and the digests of the request that it has. */
export type StagedImage = {
  readonly name: string;
  readonly repository: RepositoryName;
  readonly tags: ReadonlyMap<string, Digest>;
  readonly digests: ReadonlySet<Digest>;
  /** All tags of the repository; empty if it is missing. */
  readonly allTags: readonly string[];
};

type Asked = Pick<ProposalRequest, 'tags' | 'digests'>;

/** Finds the digests of tags in staging: from the lists, or with one request for each listed tag. */
export async function findTags(
  registry: ManifestReader,
  source: string,
  staging: Staging,
  asked: Asked,
  context: Context,
): Promise<readonly StagedImage[]> {
  const images = new Map<string, StagedImage>();
  await eachOf(staging, REQUESTS_AT_ONCE, async ([name, listing]) => {
    images.set(
      name,
      await findIn(registry, { name, repository: joinRepository(source, name), listing }, asked, context),
    );
  });
  return [...images.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

type Listed = Pick<StagedImage, 'name' | 'repository'> & { readonly listing: RepositoryListing };

async function findIn(
  registry: ManifestReader,
  { name, repository, listing }: Listed,
  asked: Asked,
  context: Context,
): Promise<StagedImage> {
  const resolve = async (reference: string): Promise<Digest | undefined> =>
    (await registry.resolveManifest(repository, reference, context))?.digest;
  // a listed tag exists: some registries deny it to a HEAD
  const resolveListed = async (tag: string): Promise<Digest | undefined> =>
    (await resolve(tag)) ?? (await registry.readManifest(repository, tag, context))?.descriptor.digest;
  const known = listing.kind === 'digests' ? tagsOf(listing) : listing.digests;
  const allTags = listing.kind === 'digests' ? [...tagsOf(listing).keys()] : [...listing.tags];
  const isCut = listing.kind === 'digests' && listing.mayBeCut === true;
  const tags = new Map<string, Digest>();
  for (const tag of asked.tags) {
    const isListed = listing.kind === 'tags' && listing.tags.has(tag);
    const found = known?.get(tag) ?? (isListed ? await resolveListed(tag) : isCut ? await resolve(tag) : undefined);
    if (found !== undefined) tags.set(tag, found);
  }
  const tagged = new Set(tags.values());
  const digests = new Set<Digest>();
  for (const digest of asked.digests) {
    const isListed = tagged.has(digest) || (listing.kind === 'digests' && listing.manifests.has(digest));
    const isUnknown = listing.kind === 'tags' || isCut;
    if (isListed || (isUnknown && (await resolve(digest)) !== undefined)) digests.add(digest);
  }
  return { name, repository, tags, digests, allTags };
}

function tagsOf({ manifests }: RepositoryListing & { kind: 'digests' }): Map<string, Digest> {
  const found = new Map<string, Digest>();
  for (const [digest, manifest] of manifests) for (const tag of manifest.tags) found.set(tag, digest);
  return found;
}
