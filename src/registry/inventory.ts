import { cosignTag } from '../image/cosign-tag.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Call, ManifestReader, RepositoryListing, TagLister } from './roles.ts';

/** The digests to look up in a destination repository, each with its wanted tags. */
export type InventoryQuery = Iterable<Asked>;

type Asked = { readonly digest: Digest; readonly tags: readonly string[] };

/** The contents of a repository, as far as they were looked up. */
export type Inventory = {
  readonly has: (digest: Digest) => boolean;
  readonly digestOf: (tag: string) => Digest | undefined;
  readonly holdsManifests: boolean;
  /** Returns true if a requested tag, or a cosign signature tag of a requested digest, is listed. */
  readonly lists: (tag: string) => boolean;
  /** Returns the upload time of a manifest in milliseconds; undefined if the listing does not state it. */
  readonly uploadedAt: (digest: Digest) => number | undefined;
  /** Set if the registry refused to list the repository, which then counts as empty. */
  readonly isUnread?: true;
};

/**
 * Reads the contents of a repository. One request is enough if listings include digests. Otherwise it reads the pages
 * of tag names, and sends a `HEAD` for each listed tag that was requested and for each digest without such a tag.
 */
export async function readInventory(
  registry: TagLister & ManifestReader,
  repository: RepositoryName,
  question: InventoryQuery,
  call: Call,
): Promise<Inventory> {
  const listing = await registry.listRepository(repository, call);
  if (listing.kind === 'tags' && listing.isUnread === true) return UNREAD;
  return listing.kind === 'digests' ? fromDigests(listing) : fromTags(registry, repository, listing, question, call);
}

/** The listing of an empty repository. */
const UNREAD: Inventory = {
  has: () => false,
  digestOf: () => undefined,
  holdsManifests: false,
  lists: () => false,
  uploadedAt: () => undefined,
  isUnread: true,
};

function fromDigests(listing: RepositoryListing & { kind: 'digests' }): Inventory {
  let tags: Map<string, Digest> | undefined;
  const byTag = (): Map<string, Digest> => {
    const found = new Map<string, Digest>();
    for (const [digest, manifest] of listing.manifests) for (const tag of manifest.tags) found.set(tag, digest);
    return found;
  };
  return {
    has: (digest) => listing.manifests.has(digest),
    digestOf: (tag) => (tags ??= byTag()).get(tag),
    holdsManifests: listing.manifests.size > 0,
    lists: (tag) => (tags ??= byTag()).has(tag),
    uploadedAt: (digest) => listing.manifests.get(digest)?.uploadedAt,
  };
}

async function fromTags(
  registry: ManifestReader,
  repository: RepositoryName,
  listing: RepositoryListing & { kind: 'tags' },
  question: InventoryQuery,
  call: Call,
): Promise<Inventory> {
  const asked = [...question];
  const holdsTags = listing.tags.size > 0;
  return askTags(registry, repository, { asked, ...requestedPart(listing, asked), holdsTags }, call);
}

/**
 * Keeps the requested part of a listing; the rest may be large, and is not held in memory while each tag is requested.
 */
function requestedPart(
  { tags, digests }: RepositoryListing & { kind: 'tags' },
  asked: readonly Asked[],
): Pick<ListedTags, 'listed' | 'digests' | 'known'> {
  const names = asked.flatMap(({ digest, tags: wanted }) => [...wanted, cosignTag(digest, 'sig')]);
  const listed = new Set(names.filter((tag) => tags.has(tag)));
  if (digests === undefined) return { listed, digests: new Map(), known: new Set() };
  const all = new Set(digests.values());
  return {
    listed,
    digests: new Map([...listed].flatMap((tag) => pair(tag, digests.get(tag)))),
    known: new Set(asked.flatMap(({ digest }) => (all.has(digest) ? [digest] : []))),
  };
}

function pair(tag: string, digest: Digest | undefined): [string, Digest][] {
  return digest === undefined ? [] : [[tag, digest]];
}

type ListedTags = {
  readonly asked: readonly Asked[];
  readonly listed: ReadonlySet<string>;
  readonly digests: ReadonlyMap<string, Digest>;
  readonly known: ReadonlySet<Digest>;
  readonly holdsTags: boolean;
};

async function askTags(
  registry: ManifestReader,
  repository: RepositoryName,
  { asked, listed, digests: told, known, holdsTags }: ListedTags,
  call: Call,
): Promise<Inventory> {
  const tags = new Map<string, Digest>();
  const digests = new Set<Digest>();
  const resolve = resolver(registry, repository, call);
  const askTag = async (tag: string): Promise<void> => {
    // A listed tag exists: some registries deny it to a HEAD.
    const found = told.get(tag) ?? (await resolve(tag)) ?? (await readDigest(registry, repository, tag, call));
    if (found !== undefined) tags.set(tag, found);
  };
  const ask = async ({ digest, tags: wanted }: Asked): Promise<void> => {
    const there = wanted.filter((tag) => listed.has(tag));
    await Promise.all(there.map(askTag));
    // A digest whose every tag is taken by others is not written, so it does not matter whether it exists.
    const matters = wanted.length === 0 || there.length < wanted.length;
    const isTagged = known.has(digest) || there.some((tag) => tags.get(tag) === digest);
    if (isTagged || (matters && (await resolve(digest)) !== undefined)) digests.add(digest);
  };
  await Promise.all(asked.map(ask));
  return {
    has: (digest) => digests.has(digest),
    digestOf: (tag) => tags.get(tag),
    holdsManifests: holdsTags || digests.size > 0,
    lists: (tag) => listed.has(tag),
    uploadedAt: () => undefined,
  };
}

async function readDigest(
  registry: ManifestReader,
  repository: RepositoryName,
  tag: string,
  call: Call,
): Promise<Digest | undefined> {
  return (await registry.readManifest(repository, tag, call))?.descriptor.digest;
}

/** Returns a function that resolves each reference once. */
function resolver(
  registry: ManifestReader,
  repository: RepositoryName,
  call: Call,
): (reference: string) => Promise<Digest | undefined> {
  const asked = new Map<string, Promise<Digest | undefined>>();
  return (reference) => {
    const known = asked.get(reference);
    if (known !== undefined) return known;
    const answer = registry.resolveManifest(repository, reference, call).then((found) => found?.digest);
    asked.set(reference, answer);
    return answer;
  };
}
