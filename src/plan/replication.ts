import { isDigest, type Digest } from '../image/digest.ts';
import { joinRepository, type RepositoryName } from '../image/reference.ts';
import type { RepositoryListing } from '../registry/roles.ts';
import { hasCopies, type AttachmentRule } from './places/attachments.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';
import { primaryOf } from './places/primary.ts';
import type { Pattern } from '../image/pattern.ts';
import { addAll } from '../lists.ts';

/** A primary repository, the mirrors that follow it, and the digests there that something may be attached to. */
export type AttachedGroup = {
  readonly primary: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
  readonly images: readonly Pick<WantedImage, 'digest'>[];
};

/** A group with the images that the tree wants there. */
export type SignedGroup = Omit<AttachedGroup, 'images'> & { readonly images: readonly WantedImage[] };

/** The groups of a tree that have a mirror to follow, routed ones apart; sets that share their primary repository are one group. */
export function groupsOf(
  sets: readonly ImageSet[],
  chosen?: Pattern,
  attachments?: readonly AttachmentRule[],
): SignedGroup[] {
  const groups = new Map<RepositoryName, { mirrors: Set<RepositoryName>; images: WantedImage[] }>();
  for (const set of sets) {
    const host = primaryOf(set.destinations, chosen);
    if (host === undefined) continue;
    const primary = joinRepository(host, set.name);
    const group = groups.get(primary) ?? { mirrors: new Set(), images: [] };
    groups.set(primary, group);
    for (const registry of set.destinations) {
      const mirror = joinRepository(registry, set.name);
      if (registry !== host && hasCopies(mirror, attachments)) group.mirrors.add(mirror);
    }
    addAll(group.images, set.images);
  }
  return [...groups]
    .filter(([, { mirrors }]) => mirrors.size > 0)
    .map(([primary, { mirrors, images }]) => ({ primary, mirrors: [...mirrors], images }));
}

/** What a repository was found to hold that can be attached to its images. */
export type Shelf = {
  /** Tags by which cosign attaches (`.sig`, `.att`, `.sbom`) or a registry without lists of referrers keeps them; what they point to where the listing tells. */
  readonly tags: ReadonlyMap<string, Digest | undefined>;
  /** Manifests without a tag that may be referrers; undefined where the listing does not tell. */
  readonly untagged?: readonly Digest[];
  /** Whether a manifest is there; undefined where the listing does not tell. */
  readonly holds?: (digest: Digest) => boolean;
};

/** What of a listing matters: the rest of it can be dropped. */
export function shelfOf(listing: RepositoryListing): Shelf {
  if (listing.kind === 'tags') {
    const names = [...listing.tags].filter((tag) => attachedBy(tag) !== undefined);
    return { tags: new Map(names.map((tag) => [tag, listing.digests?.get(tag)])) };
  }
  const tags = new Map<string, Digest>();
  const untagged: Digest[] = [];
  for (const [digest, manifest] of listing.manifests) {
    for (const tag of manifest.tags) if (attachedBy(tag) !== undefined) tags.set(tag, digest);
    if (manifest.tags.length === 0 && mayRefer(manifest.mediaType)) untagged.push(digest);
  }
  return { tags, untagged, holds: (digest) => listing.manifests.has(digest) };
}

/** Returns false for Docker's own manifests, which have no subject. */
export function mayRefer(mediaType: string | undefined): boolean {
  return mediaType === undefined || !mediaType.startsWith('application/vnd.docker.');
}

/** What an attaching tag is about: `list` is the fallback for lists of referrers. */
export type AttachingTag = { readonly subject: Digest; readonly form: 'sig' | 'att' | 'sbom' | 'list' };

// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md, and the distribution-spec's «Referrers Tag Schema»
const ATTACHING = /^sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?$/;

/** Reads a tag's name; undefined when it attaches nothing. */
export function attachedBy(tag: string): AttachingTag | undefined {
  const [, hex, form = 'list'] = ATTACHING.exec(tag) ?? [];
  const subject = `sha256:${hex ?? ''}`;
  return isDigest(subject) ? { subject, form: form as AttachingTag['form'] } : undefined;
}

/** A tag of cosign that a mirror's list does not show, shows with other content, or shows without its content. */
export type TagDifference = { readonly tag: string; readonly is: 'missing' | 'other' | 'unknown' };

/** Compares the `.sig`, `.att` and `.sbom` tags of a primary with those of a mirror. */
export function differingTags(primary: Shelf, mirror: Shelf): TagDifference[] {
  const found: TagDifference[] = [];
  for (const [tag, digest] of primary.tags) {
    const attached = attachedBy(tag);
    if (attached === undefined || attached.form === 'list') continue;
    const there = mirror.tags.get(tag);
    if (!mirror.tags.has(tag)) found.push({ tag, is: 'missing' });
    else if (digest === undefined || there === undefined) found.push({ tag, is: 'unknown' });
    else if (digest !== there) found.push({ tag, is: 'other' });
  }
  return found;
}

/** Manifests without a tag that only the primary has; undefined where one of the listings does not tell. */
export function lackingUntagged(primary: Shelf, mirror: Shelf): readonly Digest[] | undefined {
  const { holds } = mirror;
  if (primary.untagged === undefined || holds === undefined) return undefined;
  return primary.untagged.filter((digest) => !holds(digest));
}

/** Subjects whose fallback lists are not the same on both sides, so that entries may be missing at the mirror. */
export function differingLists(primary: Shelf, mirror: Shelf): readonly Digest[] {
  return [...primary.tags].flatMap(([tag, digest]) => {
    const attached = attachedBy(tag);
    if (attached?.form !== 'list') return [];
    return digest !== undefined && mirror.tags.get(tag) === digest ? [] : [attached.subject];
  });
}
