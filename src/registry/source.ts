import type { Digest } from '../image/digest.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Meter } from '../http/fetch.ts';
import type { RepositoryName } from '../image/reference.ts';
import { memoryBudget, type MemoryBudget } from './memory-budget.ts';
import type { RegistryReader, RepositoryListing } from './roles.ts';

/** Fewer digests of one repository are looked up one by one: the copy needs their manifests anyway. */
const LIST_FROM = 8;

/** Memory for manifests kept between plan and promote, in bytes; about ten thousand of the usual size. */
const CACHE_BYTES = 32 * 1024 * 1024;

/**
 * The kept part of the listing of a staging repository: cosign's tags, and the upload times of the requested images.
 */
export type SourceListing = { readonly tags: ReadonlySet<string>; readonly uploads: ReadonlyMap<Digest, number> };

const COSIGN_TAG = /^sha(?:256|512)-[0-9a-f]+\.(?:sig|att)$/;

/**
 * Returns the part of a listing that is worth keeping: staging may hold many images for each wanted one. A registry
 * that does not know an upload time says 1970.
 */
export function sourceListing(listing: RepositoryListing, isAskedFor: (digest: Digest) => boolean): SourceListing {
  const manifests = listing.kind === 'tags' ? [] : [...listing.manifests];
  const all = listing.kind === 'tags' ? [...listing.tags] : manifests.flatMap(([, { tags }]) => tags);
  const uploads = manifests.flatMap(([digest, { uploadedAt = 0 }]): [Digest, number][] =>
    uploadedAt > 0 && isAskedFor(digest) ? [[digest, uploadedAt]] : [],
  );
  return { tags: new Set(all.filter((tag) => COSIGN_TAG.test(tag))), uploads: new Map(uploads) };
}

/** Memory for images with large manifests that are read or copied at a time, in bytes: two of the largest. */
const LARGE_IMAGES = 64 * 1024 * 1024;

/** Reads staging: every manifest once, however many mirrors and phases request it. */
export type SourceReader = {
  /** Budget for the memory of images with large manifests. */
  readonly memory: MemoryBudget;
  /** Returns those of these digests that the repository has. */
  whichExist(repository: RepositoryName, digests: readonly Digest[], signal: AbortSignal): Promise<ReadonlySet<Digest>>;
  /** Returns what is kept of a listing that was read by `whichExist`. */
  listed(repository: RepositoryName): SourceListing | undefined;
  /** Returns the manifest's bytes; undefined if the source no longer has it. */
  manifest(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<Manifest | undefined>;
  /** Returns true if the repository has a blob, looked up once; false also if the registry does not say. */
  hasBlob(repository: RepositoryName, blob: Descriptor, signal: AbortSignal): Promise<boolean>;
};

/**
 * Creates a reader that keeps what was read, dropping the oldest first, and counts each request on the meter of its
 * repository.
 */
export function sourceReader(registry: RegistryReader, meterOf: (repository: RepositoryName) => Meter): SourceReader {
  const cache = manifestCache();
  const underway = new Map<string, Promise<Manifest | undefined>>();
  const manifest: SourceReader['manifest'] = async (repository, digest, signal) => {
    const key = `${repository}@${digest}`;
    const known = cache.get(key) ?? underway.get(key);
    if (known !== undefined) return known;
    const reading = registry
      .readManifest(repository, digest, { signal, meter: meterOf(repository) })
      .then((found) => found && cache.keep(key, found))
      .finally(() => underway.delete(key));
    underway.set(key, reading);
    return reading;
  };
  const listings = new Map<RepositoryName, SourceListing>();
  return {
    memory: memoryBudget(LARGE_IMAGES),
    manifest,
    hasBlob: blobChecks(registry, meterOf),
    listed: (repository) => listings.get(repository),
    whichExist: async (repository, digests, signal) => {
      const listed = new Set<Digest>();
      if (digests.length >= LIST_FROM) {
        const listing = await registry.listRepository(repository, { signal, meter: meterOf(repository) });
        const asked = new Set(digests);
        listings.set(
          repository,
          sourceListing(listing, (digest) => asked.has(digest)),
        );
        if (listing.kind === 'digests')
          for (const digest of digests) if (listing.manifests.has(digest)) listed.add(digest);
      }
      // A digest that is not listed is looked up: lists may be stale or truncated.
      const unlisted = digests.filter((digest) => !listed.has(digest));
      const found = await Promise.all(
        unlisted.map(async (digest) => ((await manifest(repository, digest, signal)) === undefined ? [] : [digest])),
      );
      return new Set([...listed, ...found.flat()]);
    },
  };
}

/** Returns a function that looks up each blob of a repository once. */
function blobChecks(registry: RegistryReader, meterOf: (repository: RepositoryName) => Meter): SourceReader['hasBlob'] {
  const answers = new Map<string, Promise<boolean>>();
  return (repository, blob, signal) => {
    const key = `${repository}@${blob.digest}`;
    const look = async (): Promise<boolean> =>
      (await registry.lookUpBlob(repository, blob, { signal, meter: meterOf(repository) })) === 'present';
    const answer = answers.get(key) ?? look();
    answers.set(key, answer);
    return answer;
  };
}

function manifestCache(): { get(key: string): Manifest | undefined; keep(key: string, manifest: Manifest): Manifest } {
  const cache = new Map<string, Manifest>();
  let cached = 0;
  return {
    get: (key) => cache.get(key),
    keep: (key, manifest) => {
      cache.set(key, manifest);
      cached += manifest.bytes.length;
      for (const [oldest, { bytes }] of cache) {
        if (cached <= CACHE_BYTES) break;
        cache.delete(oldest);
        cached -= bytes.length;
      }
      return manifest;
    },
  };
}
