import { isDigest, type Digest } from '../../../src/image/digest.ts';
import { MEDIA_TYPES } from '../../../src/image/descriptor.ts';
import type { RegistryStore, StoredManifest, StoredRepository } from '../memory-registry/store.ts';
import { buildImage, buildMultiPlatform, storeImage, type ImageSpec } from './images.ts';

/** Listings without bytes: repositories with digests and their tags, for benchmarks of plans. Plain JSON. */
export type ContentSpec = {
  readonly repositories: readonly {
    readonly name: string;
    readonly manifests: readonly {
      readonly digest: string;
      readonly tags: readonly string[];
      readonly mediaType?: string;
    }[];
  }[];
};

/** What one registry is loaded with. Plain JSON. */
export type LoadSpec = {
  /** A content by its name; many registries that load the same one share its memory. */
  readonly content?: readonly {
    readonly name: string;
    /** Put in front of each repository's name, for instance `prod/`. */
    readonly prefix?: string;
    /** Digests to leave out, with their tags: what is pending in this registry. */
    readonly without?: readonly string[];
  }[];
  /** Images with all their bytes, by the repository that holds them. */
  readonly images?: readonly {
    readonly repository: string;
    readonly image: ImageSpec;
    readonly tags?: readonly string[];
    /** Makes an index of one image for each. */
    readonly platforms?: readonly string[];
  }[];
  /** Blobs of any size that are made anew at each read. */
  readonly syntheticBlobs?: readonly { readonly repository: string; readonly size: number; readonly seed: number }[];
};

/** A content ready to be shared: repositories by name. */
type LoadedContent = ReadonlyMap<string, StoredRepository>;

/** Sizes are not known where only digests are; this is what a small image manifest has. */
const TYPICAL_SIZE = 700;

/** Reads a content once, for all the registries that will share it. */
export function loadContent({ repositories }: ContentSpec): LoadedContent {
  // One object for each type: a million entries are to fit in memory.
  const entries = new Map<string, StoredManifest>();
  const listed = (mediaType: string): StoredManifest => {
    const entry = entries.get(mediaType) ?? { mediaType, size: TYPICAL_SIZE, uploadedAt: 0 };
    entries.set(mediaType, entry);
    return entry;
  };
  return new Map(
    repositories.map(({ name, manifests }) => {
      const known = manifests.map(
        ({ digest, mediaType = MEDIA_TYPES.ociManifest }) => [digestIn(digest), listed(mediaType)] as const,
      );
      const tags = manifests.flatMap((manifest) =>
        manifest.tags.map((tag) => [tag, digestIn(manifest.digest)] as const),
      );
      return [name, { manifests: new Map(known), tags: new Map(tags), blobs: new Map() }] as const;
    }),
  );
}

/** Fills a store as the spec says. */
export function loadStore(
  store: RegistryStore,
  { content = [], images = [] }: LoadSpec,
  contents: ReadonlyMap<string, LoadedContent>,
): void {
  for (const { name, prefix = '', without = [] } of content) {
    const loaded = contents.get(name);
    if (loaded === undefined) throw new Error(`there is no content called ${name}`);
    const left = new Set(without);
    for (const [path, repository] of loaded)
      store.load(prefix + path, left.size === 0 ? repository : leavingOut(repository, left));
  }
  for (const { repository, image, tags, platforms } of images) {
    const built = platforms === undefined ? buildImage(image) : buildMultiPlatform(image, platforms);
    storeImage(store, repository, built, tags);
  }
}

// The same object where nothing is left out, so that its listing is serialised once for all registries.
function leavingOut(repository: StoredRepository, without: ReadonlySet<string>): StoredRepository {
  if (![...without].some((digest) => isDigest(digest) && repository.manifests.has(digest))) return repository;
  return {
    manifests: new Map([...repository.manifests].filter(([digest]) => !without.has(digest))),
    tags: new Map([...repository.tags].filter(([, digest]) => !without.has(digest))),
    blobs: repository.blobs,
  };
}

function digestIn(text: string): Digest {
  if (!isDigest(text)) throw new Error(`"${text}" is no digest`);
  return text;
}
