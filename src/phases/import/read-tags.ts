import { PromotionError } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Context } from '../../pipeline/phase.ts';
import type { ManifestReader, RepositoryListing, TagLister } from '../../registry/roles.ts';
import { heldIn } from '../snapshot/held-manifests.ts';

/** A tag's digest, and its media type if the registry states it. */
export type Tagged = { readonly digest: Digest; readonly mediaType?: string | undefined };

/** Reads the digests of the tags that `selects` returns true for: one list, and a HEAD for each tag if the list has no digests. */
export async function readTags(
  registry: TagLister & ManifestReader,
  repository: RepositoryName,
  selects: (tag: string) => boolean,
  context: Context & { readonly destination?: 'compared' },
): Promise<ReadonlyMap<string, Tagged>> {
  const listing = await registry.listRepository(repository, context);
  if (listing.kind === 'digests' && listing.mayBeCut === true)
    throw new PromotionError('INCOMPLETE', `listing ${repository}: the registry cuts off a list of this length`, {
      hint: 'import the tags of this repository by name',
    });
  const held = await heldIn(registry, repository, selected(listing, selects), context);
  const tags = new Map<string, Tagged>();
  for (const [digest, { tags: own, mediaType }] of held) for (const tag of own) tags.set(tag, { digest, mediaType });
  return tags;
}

function selected(listing: RepositoryListing, selects: (tag: string) => boolean): RepositoryListing {
  if (listing.kind === 'tags') return { ...listing, tags: new Set([...listing.tags].filter(selects)) };
  const manifests = [...listing.manifests].map(
    ([digest, manifest]) => [digest, { ...manifest, tags: manifest.tags.filter(selects) }] as const,
  );
  return { kind: 'digests', manifests: new Map(manifests.filter(([, { tags }]) => tags.length > 0)) };
}
