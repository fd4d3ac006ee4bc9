import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Meter } from '../http/fetch.ts';
import type { Pause } from '../async/backoff.ts';
import type { HashCheckpoints } from './distribution/hash-checkpoints.ts';
import type { MemoryBudget } from './memory-budget.ts';

export type { Meter, Pause };

/** Common arguments of every call: the signal that cancels it, and the meter that counts its requests. */
export type Call = {
  readonly signal: AbortSignal;
  readonly meter?: Meter | undefined;
  /** Set if the repository is a destination: `written` in this run, or only `compared`. It need not exist yet. */
  readonly destination?: 'written' | 'compared' | undefined;
};

/**
 * A descriptor from a registry's headers: some omit the size. With the entity tag of the response if the registry sent
 * one (RFC 9110 §8.8.3).
 */
export type Resolved = Omit<Descriptor, 'size'> & {
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
};

export type ManifestReader = {
  /** Returns the manifest's bytes, verified if `reference` is a digest; undefined on 404. */
  readManifest(repository: RepositoryName, reference: string, call: Call): Promise<ReadManifest | undefined>;
  /**
   * Returns the descriptor that `reference` points to, without reading the bytes if the headers name it; undefined on
   * 404.
   */
  resolveManifest(repository: RepositoryName, reference: string, call: Call): Promise<Resolved | undefined>;
};

/** A manifest, with the entity tag of the response if the registry sent one. */
export type ReadManifest = Manifest & { readonly etag?: string | undefined };

export type BlobReader = {
  /** Budget for the memory of large blobs that are held as a whole. Default: no limit. */
  readonly memory?: MemoryBudget | undefined;
  /** Returns whether the repository has a blob. Fails only for an abort, since all that it can save is an upload. */
  lookUpBlob(repository: RepositoryName, blob: Descriptor, call: Call): Promise<BlobState>;
  /**
   * Yields the blob's bytes, or those of a part, as they arrive. Throws DIGEST_MISMATCH at the end unless the blob
   * matches its descriptor exactly; throws NOT_FOUND if it is missing. A chunk belongs to the caller, who may free it.
   */
  readBlob(repository: RepositoryName, blob: Descriptor, call: Call, part?: BlobPart): AsyncIterable<Uint8Array>;
};

/**
 * State of a blob. `absent` also if the registry does not say. `damaged`: the registry has it with another length or
 * digest than the descriptor's, as after a full disk.
 */
type BlobState = 'present' | 'absent' | 'damaged';

/**
 * The bytes of a blob from an offset on. Checkpoints of earlier reads make it unnecessary to read the bytes before it
 * again.
 */
export type BlobPart = { readonly from: number; readonly marks: HashCheckpoints };

/** Contents of a repository from one listing; an unknown repository is an empty listing. */
export type RepositoryListing =
  /**
   * Every manifest with its tags, from the Google extension of `tags/list`. Only this listing also names the
   * repositories one level below, as unchecked text from the registry.
   */
  | {
      readonly kind: 'digests';
      readonly manifests: ReadonlyMap<Digest, ListedManifest>;
      readonly children?: ReadonlySet<string> | undefined;
      /** True if the list is so long that registries of this kind truncate it. */
      readonly mayBeCut?: true;
    }
  /** Tag names, with their digests if the registry states them; untagged manifests are unknown. */
  | {
      readonly kind: 'tags';
      readonly tags: ReadonlySet<string>;
      readonly digests?: ReadonlyMap<string, Digest> | undefined;
      /** The registry refuses to list the repository to an account that may create it. */
      readonly isUnread?: true;
    };

export type ListedManifest = {
  readonly tags: readonly string[];
  readonly mediaType?: string | undefined;
  readonly uploadedAt?: number | undefined;
};

export type TagLister = {
  /**
   * Returns all tags of a repository, with digests if the registry has the Google extension. A 404 is an empty listing;
   * 401 and 403 throw. For a destination that is written, a refused request is repeated with write scopes.
   */
  listRepository(repository: RepositoryName, call: Call): Promise<RepositoryListing>;
};

export type RepositoryLister = {
  /**
   * Returns the repositories at and below `root`, a host with or without a path, in any order. Throws NOT_FOUND if the
   * registry has no such list, UNAUTHORIZED or DENIED if we must not read it.
   */
  listRepositories(root: RepositoryName, call: Call): Promise<readonly RepositoryName[]>;
};

/**
 * The descriptor of a manifest with a subject, as a list of referrers describes it: artifact type and annotations may
 * be missing or wrong.
 */
export type Referrer = Descriptor & {
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

export type ReferrerLister = {
  /**
   * Returns all referrers of the manifest from the referrers API or, if the registry has none, the fallback tag. Throws
   * if neither can be read. `artifactType` requests a filter, but a registry may return other types as well.
   */
  listReferrers(
    repository: RepositoryName,
    subject: Digest,
    call: Call,
    artifactType?: string,
  ): Promise<readonly Referrer[]>;
  /**
   * Returns true if the registry lists manifests with a subject by itself, which some do without saying so in the
   * response. Each host is asked once. Returns undefined if the registry does not say, for instance for a missing
   * repository.
   */
  keepsReferrers(repository: RepositoryName, subject: Digest, call: Call): Promise<boolean | undefined>;
};

/** The read operations of a registry. A dry run holds only this type, so that it cannot change anything. */
export type RegistryReader = ManifestReader & BlobReader & TagLister & RepositoryLister & ReferrerLister;

/**
 * The response to a written manifest: its subject, if the registry says that it has listed the manifest as a referrer.
 */
export type Written = { readonly subject?: Digest | undefined };

/** The state of a tag when it was last read: absent, or its descriptor. */
export type TagState = 'absent' | Resolved;

export type ManifestWriter = {
  /**
   * Stores the bytes under a tag or their own digest. With `was`, a registry that supports conditional writes does not
   * overwrite a tag that has changed since: throws TAG_MOVE unless the tag has these bytes already.
   */
  writeManifest(
    repository: RepositoryName,
    reference: string,
    manifest: Manifest,
    call: Call,
    was?: TagState,
  ): Promise<Written>;
};

export type BlobWriter = {
  /** Returns false if mount requests are useless, so that no caller waits for one. Default: true. */
  mounts?(repository: RepositoryName): boolean;
  /**
   * Starts to write a blob: asks for a mount `from` another repository of the same registry if one is given, else opens
   * an upload.
   */
  startBlob(
    repository: RepositoryName,
    blob: Descriptor,
    from: RepositoryName | undefined,
    call: Call,
  ): Promise<'mounted' | BlobUpload>;
};

/** An open upload. It ends with a successful `send`, or is abandoned. */
export type BlobUpload = {
  /**
   * Sends the whole blob, or the rest from the offset `from`. Bytes are replayed after a 401 or 5xx; a stream throws
   * REPLAY_NEEDED instead. Resolves to `moved` if the registry wants the bytes of a stream at another address, which
   * the upload remembers: send them again.
   */
  send(content: Uint8Array | AsyncIterable<Uint8Array>, call: Call, from?: number): Promise<'taken' | 'moved'>;
  /**
   * Returns how many bytes of an interrupted `send` the registry has kept; undefined if it does not report that. Never
   * throws.
   */
  received(call: Call): Promise<number | undefined>;
  /** Deletes the upload at the registry; never throws. */
  abandon(call: Call): Promise<void>;
};

export type RepositoryCreator = {
  /** Creates a repository. Returns true if it exists now; false if this registry cannot create one. */
  createRepository(repository: RepositoryName, call: Call): Promise<boolean>;
};

/** Configured facts about a registry. */
export type HostTraits = {
  /** Kind, by a name in `kinds/index.ts`. Default: derived from the host's name. */
  readonly kind?: string | undefined;
  /** How `tags/list` is read: `google` and `tags` fix what `auto` detects. */
  readonly listing?: 'auto' | 'google' | 'tags' | undefined;
  /** False disables mount requests. */
  readonly mount?: boolean | undefined;
  /** True creates missing repositories. */
  readonly createRepositories?: boolean | undefined;
};

type RegistryWriter = ManifestWriter & BlobWriter;

/** All registries of a run behind one interface: repository names include their host. */
export type Registry = RegistryReader & RegistryWriter;
