import { isDigest, type Digest } from '../image/digest.ts';
import { joinRepository, type RepositoryName } from '../image/reference.ts';
import type { RepositoryListing } from '../registry/roles.ts';
import { hasCopies, type AttachmentRule } from './places/attachments.ts';
import type { ImageSet, WantedImage } from './desired/desired.ts';
import { primaryOf } from './places/primary.ts';
import type { Pattern } from '../image/pattern.ts';
import { addAll } from '../lists.ts';

/** A primary repository, its mirrors, and the digests there that may have attachments. */
export type AttachedGroup = {
  readonly primary: RepositoryName;
  readonly mirrors: readonly RepositoryName[];
  readonly images: readonly Pick<WantedImage, 'digest'>[];
};

/** A group with the images that the tree wants there. */
export type SignedGroup = Omit<AttachedGroup, 'images'> & { readonly images: readonly WantedImage[] };

/** Groups the sets of a tree by primary repository. Separates routed mirrors; omits groups without mirrors. */
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

/** The attachments that the listing of a repository shows. */
export type Shelf = {
  /**
   * Tags by which cosign attaches (`.sig`, `.att`, `.sbom`) and fallback tags of registries without the referrers API,
   * with their digests if the listing has them.
   */
  readonly tags: ReadonlyMap<string, Digest | undefined>;
  /** Untagged manifests that may be referrers; undefined if the listing does not show them. */
  readonly untagged?: readonly Digest[];
  /** Returns true if the repository has a manifest; undefined if the listing does not show that. */
  readonly holds?: (digest: Digest) => boolean;
};

/** Extracts the attachments from a listing, so that the rest can be freed. */
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

/** The subject and the kind of an attaching tag; `list` is the fallback tag of the referrers API. */
type AttachingTag = { readonly subject: Digest; readonly form: 'sig' | 'att' | 'sbom' | 'list' };

// https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md, and the distribution-spec's «Referrers Tag Schema»
const ATTACHING = /^sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?$/;

/** Parses the name of a tag; undefined if it is not an attaching tag. */
export function attachedBy(tag: string): AttachingTag | undefined {
  const [, hex, form = 'list'] = ATTACHING.exec(tag) ?? [];
  const subject = `sha256:${hex ?? ''}`;
  return isDigest(subject) ? { subject, form: form as AttachingTag['form'] } : undefined;
}

/** A cosign tag that is missing in a mirror's listing, has other content there, or is listed without its digest. */
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

/** Returns untagged manifests that only the primary has; undefined if one of the listings does not show them. */
export function lackingUntagged(primary: Shelf, mirror: Shelf): readonly Digest[] | undefined {
  const { holds } = mirror;
  if (primary.untagged === undefined || holds === undefined) return undefined;
  return primary.untagged.filter((digest) => !holds(digest));
}

/** Returns subjects whose fallback lists differ, so that entries may be missing on the mirror. */
export function differingLists(primary: Shelf, mirror: Shelf): readonly Digest[] {
  return [...primary.tags].flatMap(([tag, digest]) => {
    const attached = attachedBy(tag);
    if (attached?.form !== 'list') return [];
    return digest !== undefined && mirror.tags.get(tag) === digest ? [] : [attached.subject];
  });
}
