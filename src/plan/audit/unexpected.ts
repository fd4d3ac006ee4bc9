import type { Digest } from '../../image/digest.ts';
import type { ListedManifest, RepositoryListing } from '../../registry/roles.ts';
import { attachedBy, mayRefer } from '../replication.ts';
import type { ImageSet } from '../desired/desired.ts';

/** The digests and tags that the tree wants in one repository. */
export type WantedThere = { readonly digests: ReadonlySet<Digest>; readonly tags: ReadonlySet<string> };

/** The contents of a repository that no manifest names. */
export type Unexpected = {
  /** The digest is undefined if the listing does not state it. */
  readonly tags: readonly { readonly tag: string; readonly digest: Digest | undefined }[];
  /**
   * Tags of attachments whose subject is not wanted. If the listing names digests, only those whose subject
   * is not there; otherwise the subject may be a platform of an index.
   */
  readonly attached: readonly { readonly tag: string; readonly subject: Digest }[];
  /** Manifests without a tag that no manifest names: platforms of indexes, attachments, or neither. */
  readonly untagged: readonly (readonly [digest: Digest, manifest: ListedManifest])[];
};

/** Returns the wanted digests and tags of a repository, from all sets that write to it. */
export function wantedThere(sets: readonly ImageSet[] = []): WantedThere {
  const [digests, tags] = [new Set<Digest>(), new Set<string>()];
  for (const { images } of sets)
    for (const image of images) {
      digests.add(image.digest);
      for (const tag of image.tags) tags.add(tag);
    }
  return { digests, tags };
}

/** Compares the list of a repository with the wanted digests and tags. */
export function unexpectedIn(listing: RepositoryListing, wanted: WantedThere): Unexpected {
  const tags: { tag: string; digest: Digest | undefined }[] = [];
  const attached: { tag: string; subject: Digest }[] = [];
  const untagged: [Digest, ListedManifest][] = [];
  const isThere = (subject: Digest): boolean => listing.kind === 'digests' && listing.manifests.has(subject);
  const take = (tag: string, digest: Digest | undefined): void => {
    if (wanted.tags.has(tag) || belongsToLong(tag, wanted)) return;
    const subject = attachedBy(tag)?.subject;
    if (subject === undefined) tags.push({ tag, digest });
    else if (!wanted.digests.has(subject) && !isThere(subject)) attached.push({ tag, subject });
  };
  if (listing.kind === 'tags') for (const tag of listing.tags) take(tag, listing.digests?.get(tag));
  else
    for (const [digest, manifest] of listing.manifests) {
      for (const tag of manifest.tags) take(tag, digest);
      if (manifest.tags.length === 0 && !wanted.digests.has(digest)) untagged.push([digest, manifest]);
    }
  return { tags, attached, untagged };
}

/** The fallback tag of a sha512 digest has only the first half of it (distribution-spec, «Referrers Tag Schema»). */
const LONG = /^sha512-([0-9a-f]{64})$/;

function belongsToLong(tag: string, { digests }: WantedThere): boolean {
  const [, half] = LONG.exec(tag) ?? [];
  if (half === undefined) return false;
  for (const digest of digests) if (digest.startsWith(`sha512:${half}`)) return true;
  return false;
}

/** Returns true if a list shows a manifest that may be a referrer, or the list of the referrers of an image. */
export function holdsReferrers({ manifests }: RepositoryListing & { readonly kind: 'digests' }): boolean {
  for (const { tags, mediaType } of manifests.values())
    if (tags.length === 0 ? mayRefer(mediaType) : tags.some((tag) => attachedBy(tag)?.form === 'list')) return true;
  return false;
}
