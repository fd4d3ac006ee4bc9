import type { Descriptor, Manifest } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import type { Meter } from '../http/fetch.ts';
import type { Pause } from '../async/backoff.ts';
import type { HashMarks } from './copying/hash-checkpoints.ts';
import type { MemoryBudget } from './copying/memory-budget.ts';

export type { Meter, Pause };

/** What each call takes besides its own arguments: who may cancel it, and where its requests are counted. */
export type Call = {
  readonly signal: AbortSignal;
  readonly meter?: Meter;
  /** The repository is a destination: `written` in this run, or only `compared`. It need not exist yet. */
  readonly destination?: 'written' | 'compared';
};

/**
 * A descriptor as a registry names it without the bytes: some leave the size out. With the entity tag of the answer if the
 * registry sent one (RFC 9110 §8.8.3).
 */
export type Resolved = Omit<Descriptor, 'size'> & { readonly size?: number; readonly etag?: string };

export type ManifestReader = {
  /** The manifest's bytes, checked against `reference` where that is a digest; undefined when the registry says 404. */
  readManifest(repository: RepositoryName, reference: string, call: Call): Promise<ReadManifest | undefined>;
  /** The descriptor that `reference` points to, without its bytes if the registry names it; undefined on 404. */
  resolveManifest(repository: RepositoryName, reference: string, call: Call): Promise<Resolved | undefined>;
};

/** A manifest, with the entity tag of the answer if the registry sent one. */
export type ReadManifest = Manifest & { readonly etag?: string };

export type BlobReader = {
  /** What large blobs that are held whole take of the run's memory comes out of this budget; without it, none is waited for. */
  readonly memory?: MemoryBudget;
  /** What the repository has of a blob; never fails but for an abort, for all that it can save is an upload. */
  lookUpBlob(repository: RepositoryName, blob: Descriptor, call: Call): Promise<BlobState>;
  /**
   * The blob's bytes as they come, or those of a part, ended with DIGEST_MISMATCH unless the blob is exactly what the
   * descriptor says; throws NOT_FOUND.
   */
  readBlob(repository: RepositoryName, blob: Descriptor, call: Call, part?: BlobPart): AsyncIterable<Uint8Array>;
};

/**
 * `absent` also if the registry does not tell. `damaged`: it has the blob with another length or digest than the descriptor's,
 * as after a full disk.
 */
export type BlobState = 'present' | 'absent' | 'damaged';

/** A blob from one of its bytes on. What earlier reads have marked need not be read again to check the whole. */
export type BlobPart = { readonly from: number; readonly marks: HashMarks };

/** What one listing told of a repository; an unknown repository is an empty listing. */
export type RepositoryListing =
  /**
   * Every manifest with its tags, from the Google extension of `tags/list`, which also names what is one level below,
   * in words of the registry that nobody has checked; other listings do not.
   */
  | {
      readonly kind: 'digests';
      readonly manifests: ReadonlyMap<Digest, ListedManifest>;
      readonly children?: ReadonlySet<string>;
      /** True if the list is so long that registries of its kind cut it. */
      readonly mayBeCut?: true;
    }
  /** Tag names, with what they point to where the registry tells; what is untagged is not known. */
  | {
      readonly kind: 'tags';
      readonly tags: ReadonlySet<string>;
      readonly digests?: ReadonlyMap<string, Digest>;
      /** The registry refuses to list it to an account that may well create it. */
      readonly isUnread?: true;
    };

export type ListedManifest = {
  readonly tags: readonly string[];
  readonly mediaType?: string;
  readonly uploadedAt?: number;
};

export type TagLister = {
  /**
   * All tags of a repository, with their digests where the registry has the Google extension; 404 is empty, 401 and 403
   * throw. A destination that is written is asked for again with the rights of a writer.
   */
  listRepository(repository: RepositoryName, call: Call): Promise<RepositoryListing>;
};

export type RepositoryLister = {
  /**
   * The repositories at and below `root`, a host with or without a path, in no order; throws NOT_FOUND where the registry
   * keeps no list of them, UNAUTHORIZED or DENIED where it is not for us.
   */
  listRepositories(root: RepositoryName, call: Call): Promise<readonly RepositoryName[]>;
};

/** A manifest that names another one as its subject, in the words of a list: artifact type and annotations may be missing or wrong there. */
export type Referrer = Descriptor & {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type ReferrerLister = {
  /**
   * All that refers to the manifest, as the registry or, where it keeps no such lists, the fallback tag tells; throws where
   * neither can be read. With `artifactType` the registry is asked for that type only, and may list others all the same.
   */
  listReferrers(
    repository: RepositoryName,
    subject: Digest,
    call: Call,
    artifactType?: string,
  ): Promise<readonly Referrer[]>;
  /**
   * Whether the registry itself lists what is written with a subject, which some do without answering so; a host that tells
   * is asked once. Undefined if it does not tell, for instance of a repository that is not there yet.
   */
  keepsReferrers(repository: RepositoryName, subject: Digest, call: Call): Promise<boolean | undefined>;
};

/** Cannot change anything: a dry run holds no more than this. */
export type RegistryReader = ManifestReader & BlobReader & TagLister & RepositoryLister & ReferrerLister;

/** The manifest's subject, where the registry answers that it has listed the manifest under it. */
export type Written = { readonly subject?: Digest };

/** The state of a tag when it was last read: absent, or the descriptor it had. */
export type TagState = 'absent' | Resolved;

export type ManifestWriter = {
  /**
   * Stores the bytes under a tag or their own digest. With `was`, a registry that supports conditional writes refuses to
   * overwrite a tag that has changed since: throws TAG_MOVE unless the tag holds these bytes already.
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
  /** False where asking for mounts is of no use, so that nobody need wait for one; true unless given. */
  mounts?(repository: RepositoryName): boolean;
  /** Asks for a blob to be mounted `from` another repository of the same registry where one is given, else for an upload. */
  startBlob(
    repository: RepositoryName,
    blob: Descriptor,
    from: RepositoryName | undefined,
    call: Call,
  ): Promise<'mounted' | BlobUpload>;
};

/** One open upload. It ends with a `send` that succeeds, or is given up. */
export type BlobUpload = {
  /**
   * Sends the whole blob, or what is missing `from` a byte on. Bytes are replayed after a 401 or 5xx; a stream then throws
   * REPLAY_NEEDED. Resolves to `moved` if the registry wants the bytes of a stream at another address, which the upload
   * remembers: they are to be sent again.
   */
  send(content: Uint8Array | AsyncIterable<Uint8Array>, call: Call, from?: number): Promise<'taken' | 'moved'>;
  /** How many bytes the registry has kept of a `send` that broke off; undefined where it does not tell; never throws. */
  received(call: Call): Promise<number | undefined>;
  /** Gives the upload up, so that the registry can forget it; never throws. */
  abandon(call: Call): Promise<void>;
};

export type RepositoryCreator = {
  /** True when the repository is there now; false when this registry has no way to create it. */
  createRepository(repository: RepositoryName, call: Call): Promise<boolean>;
};

/** What is known of a registry before it is asked. */
export type HostTraits = {
  /** Its kind, by a name of `kinds/index.ts`; found by the host's name unless given. */
  readonly kind?: string;
  /** How `tags/list` is read: `google` and `tags` take for granted what `auto` finds out. */
  readonly listing?: 'auto' | 'google' | 'tags';
  /** False when it is never to be asked for mounts. */
  readonly mount?: boolean;
  /** True when repositories that are not there shall be created. */
  readonly createRepositories?: boolean;
};

export type RegistryWriter = ManifestWriter & BlobWriter;

/** All registries of a run behind one object: repositories are named with their host. */
export type Registry = RegistryReader & RegistryWriter;
