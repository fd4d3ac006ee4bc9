import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Call, ManifestReader, RepositoryListing, TagLister } from './roles.ts';

/** What a destination repository is asked about: these digests, each with the tags it should have. */
export type Question = Iterable<{ readonly digest: Digest; readonly tags: readonly string[] }>;

/** The answer, as far as it was asked for. */
export type Inventory = {
  readonly has: (digest: Digest) => boolean;
  readonly digestOf: (tag: string) => Digest | undefined;
  readonly holdsManifests: boolean;
};

/**
 * Reads what a repository has: one request where listings come with digests, else the pages of tag names, a
 * `HEAD` for each listed tag that was asked for, and one for each digest that no such tag points to.
 */
export async function readInventory(
  registry: TagLister & ManifestReader,
  repository: RepositoryName,
  question: Question,
  call: Call,
): Promise<Inventory> {
  const listing = await registry.listRepository(repository, call);
  return listing.kind === 'digests'
    ? fromDigests(listing)
    : await fromTags(registry, repository, listing, question, call);
}

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
  };
}

async function fromTags(
  registry: ManifestReader,
  repository: RepositoryName,
  listing: RepositoryListing & { kind: 'tags' },
  question: Question,
  call: Call,
): Promise<Inventory> {
  const tags = new Map<string, Digest>();
  const digests = new Set<Digest>();
  const asked = new Map<string, Promise<Digest | undefined>>();
  const lookUp = async (reference: string): Promise<Digest | undefined> =>
    (await registry.resolveManifest(repository, reference, call))?.digest;
  const resolve = (reference: string): Promise<Digest | undefined> => {
    const answer = asked.get(reference) ?? lookUp(reference);
    asked.set(reference, answer);
    return answer;
  };
  const ask = async ({
    digest,
    tags: wanted,
  }: {
    readonly digest: Digest;
    readonly tags: readonly string[];
  }): Promise<void> => {
    const listed = wanted.filter((tag) => listing.tags.has(tag));
    await Promise.all(
      listed.map(async (tag) => {
        const found = await resolve(tag);
        if (found !== undefined) tags.set(tag, found);
      }),
    );
    if (listed.some((tag) => tags.get(tag) === digest)) digests.add(digest);
    // A digest whose every tag is taken by others is not written: whether it is there decides nothing.
    else if ((wanted.length === 0 || listed.length < wanted.length) && (await resolve(digest)) !== undefined)
      digests.add(digest);
  };
  await Promise.all(Array.from(question, ask));
  return {
    has: (digest) => digests.has(digest),
    digestOf: (tag) => tags.get(tag),
    holdsManifests: listing.tags.size > 0 || digests.size > 0,
  };
}
