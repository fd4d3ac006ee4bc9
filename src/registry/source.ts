import type { Digest } from '../image/digest.ts';
import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Meter } from '../http/fetch.ts';
import type { RepositoryName } from '../image/reference.ts';
import { memoryBudget, type MemoryBudget } from './copying/memory-budget.ts';
import type { RegistryReader, RepositoryListing } from './roles.ts';

/** Fewer digests of one repository are asked for one by one: the manifests are needed for the copy anyway. */
const LIST_FROM = 8;

/** Manifests kept between plan and promote; about ten thousand of the usual size. */
const CACHE_BYTES = 32 * 1024 * 1024;

/** What a listing told of a staging repository: cosign's tags, and when those images came that somebody asked for. */
export type SourceListing = { readonly tags: ReadonlySet<string>; readonly uploads: ReadonlyMap<Digest, number> };

const COSIGN_TAG = /^sha(?:256|512)-[0-9a-f]+\.(?:sig|att)$/;

/** As much of a listing as is worth keeping: staging may hold many images for each that is due. A registry that does not know when one came says 1970. */
export function sourceListing(listing: RepositoryListing, isAskedFor: (digest: Digest) => boolean): SourceListing {
  const manifests = listing.kind === 'tags' ? [] : [...listing.manifests];
  const all = listing.kind === 'tags' ? [...listing.tags] : manifests.flatMap(([, { tags }]) => tags);
  const uploads = manifests.flatMap(([digest, { uploadedAt = 0 }]): [Digest, number][] =>
    uploadedAt > 0 && isAskedFor(digest) ? [[digest, uploadedAt]] : [],
  );
  return { tags: new Set(all.filter((tag) => COSIGN_TAG.test(tag))), uploads: new Map(uploads) };
}

/** Images with large manifests that are read or copied at one time, in bytes: two of the largest. */
const LARGE_IMAGES = 64 * 1024 * 1024;

/** Reads staging: every manifest once, however many mirrors and phases ask. */
export type SourceReader = {
  /** What images with large manifests take of the run's memory comes out of this budget. */
  readonly memory: MemoryBudget;
  /** Which of these digests the repository has. */
  whichExist(repository: RepositoryName, digests: readonly Digest[], signal: AbortSignal): Promise<ReadonlySet<Digest>>;
  /** What is kept of a listing that was read to find out which exist. */
  listed(repository: RepositoryName): SourceListing | undefined;
  /** The manifest's bytes; undefined when the source has it no longer. */
  manifest(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<Manifest | undefined>;
  /** Whether the repository has a blob, asked once; false also if it does not tell. */
  hasBlob(repository: RepositoryName, blob: Descriptor, signal: AbortSignal): Promise<boolean>;
};

/** Keeps what was read, oldest out first, and counts each request on the meter of its repository. */
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
    hasBlob: blobQuestions(registry, meterOf),
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
      // What a list does not show is asked for: lists may be stale or cut.
      const unlisted = digests.filter((digest) => !listed.has(digest));
      const found = await Promise.all(
        unlisted.map(async (digest) => ((await manifest(repository, digest, signal)) === undefined ? [] : [digest])),
      );
      return new Set([...listed, ...found.flat()]);
    },
  };
}

/** Asks for each blob of a repository once. */
function blobQuestions(
  registry: RegistryReader,
  meterOf: (repository: RepositoryName) => Meter,
): SourceReader['hasBlob'] {
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
