import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { isIndexType } from '../../../src/image/descriptor.ts';
import { digestOf, isDigest, type Digest } from '../../../src/image/digest.ts';
import { digestJson, listJson } from '../../../src/image/json.ts';
import { isTag } from '../../../src/image/reference.ts';

/** A stored blob; `chunks` reads from `start` to before `end`, and is missing where only the size was kept. */
export type BlobContent = {
  readonly size: number;
  readonly chunks?: (start: number, end: number) => Iterable<Uint8Array>;
};

/** A stored manifest; `bytes` are missing where only its digest was loaded (listings of benchmarks). */
export type StoredManifest = {
  readonly mediaType: string;
  readonly size: number;
  readonly bytes?: Uint8Array;
  readonly uploadedAt: number;
  readonly subject?: Digest;
};

/** One repository as it is now. A change makes a new object, so that its identity can key a cache of what was derived. */
export type StoredRepository = {
  readonly manifests: ReadonlyMap<Digest, StoredManifest>;
  readonly tags: ReadonlyMap<string, Digest>;
  readonly blobs: ReadonlyMap<Digest, BlobContent>;
};

/** A refusal in the words of https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
type Refusal = {
  readonly refused: 'DIGEST_INVALID' | 'MANIFEST_INVALID' | 'MANIFEST_BLOB_UNKNOWN' | 'SIZE_INVALID' | 'TAG_IMMUTABLE';
  readonly message: string;
};

/** What a store allows; by default as a strict registry: nothing may be missing, tags may move. */
export type StoreOptions = {
  /** Takes manifests whose blobs or children are missing. */
  readonly allowMissing?: boolean;
  /** Refuses to move a tag to another digest. */
  readonly immutableTags?: boolean;
  readonly now?: () => number;
};

/** One registry's content, by repository path. Every check of content that a registry makes is made here. */
export type RegistryStore = {
  repository(path: string): StoredRepository | undefined;
  paths(): readonly string[];
  /** The digest that a tag or digest points to, where the manifest exists. */
  resolve(path: string, reference: string): Digest | undefined;
  putManifest(path: string, reference: string, mediaType: string, bytes: Uint8Array): Refusal | StoredReference;
  putBlob(path: string, digest: Digest, content: BlobContent): void;
  /** True when the blob was in `from` and now is in `path` too. */
  mount(path: string, digest: Digest, from: string): boolean;
  /** Removes a tag, or a manifest with its tags, or a blob; false when it was not there. */
  remove(path: string, what: 'manifest' | 'blob', reference: string): boolean;
  /** Sets a whole repository, as loaded from elsewhere. */
  load(path: string, repository: StoredRepository): void;
};

/** What a reference now points to. */
type StoredReference = { readonly digest: Digest; readonly subject?: Digest };

type MutableRepository = {
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
  readonly blobs: Map<Digest, BlobContent>;
};

const EMPTY: MutableRepository = { manifests: new Map(), tags: new Map(), blobs: new Map() };

/** An empty registry in memory. */
export function registryStore(options: StoreOptions = {}): RegistryStore {
  const content = emptyContent();
  const putBlob: RegistryStore['putBlob'] = (path, digest, blob) => void content.change(path).blobs.set(digest, blob);
  return {
    repository: (path) => content.repositories.get(path),
    paths: () => [...content.repositories.keys()],
    load: content.load,
    resolve: (path, reference) => {
      const repository = content.repositories.get(path);
      const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
      return digest !== undefined && repository?.manifests.has(digest) === true ? digest : undefined;
    },
    putManifest: (path, reference, mediaType, bytes) =>
      putManifest(content, options, path, reference, mediaType, bytes),
    putBlob,
    mount: (path, digest, from) => {
      const blob = content.repositories.get(from)?.blobs.get(digest);
      if (blob !== undefined) putBlob(path, digest, blob);
      return blob !== undefined;
    },
    remove: (path, what, reference) => {
      if (!content.repositories.has(path)) return false;
      const { manifests, tags, blobs } = content.change(path);
      if (!isDigest(reference)) return tags.delete(reference);
      if (what === 'blob') return blobs.delete(reference);
      for (const [tag, digest] of tags) if (digest === reference) tags.delete(tag);
      return manifests.delete(reference);
    },
  };
}

type Content = {
  readonly repositories: ReadonlyMap<string, StoredRepository>;
  /** The repository as a new object whose maps may be changed. */
  change(path: string): MutableRepository;
  load(path: string, repository: StoredRepository): void;
};

function emptyContent(): Content {
  const repositories = new Map<string, MutableRepository>();
  // What was loaded may be shared with other registries: it is copied before the first change.
  const owned = new Set<string>();
  return {
    repositories,
    change: (path) => {
      const { manifests, tags, blobs } = repositories.get(path) ?? EMPTY;
      const changed = owned.has(path)
        ? { manifests, tags, blobs }
        : { manifests: new Map(manifests), tags: new Map(tags), blobs: new Map(blobs) };
      owned.add(path);
      repositories.set(path, changed);
      return changed;
    },
    load: (path, repository) => {
      owned.delete(path);
      repositories.set(path, repository as MutableRepository);
    },
  };
}

function putManifest(
  content: Content,
  options: StoreOptions,
  ...[path, reference, mediaType, bytes]: Parameters<RegistryStore['putManifest']>
): Refusal | StoredReference {
  const current = content.repositories.get(path) ?? EMPTY;
  const digest = digestOf(bytes, isDigest(reference) ? reference : undefined);
  const { references, refusal: unreadable } = parseManifest(mediaType, bytes);
  const refusal =
    referenceProblem(reference, digest, current, options) ??
    unreadable ??
    missing(references, mediaType, current, options);
  if (refusal !== undefined) return refusal;
  const subject = references.subject === undefined ? {} : { subject: references.subject.digest };
  const { manifests, tags } = content.change(path);
  if (!manifests.has(digest))
    manifests.set(digest, { mediaType, size: bytes.length, bytes, uploadedAt: options.now?.() ?? 0, ...subject });
  if (!isDigest(reference)) tags.set(reference, digest);
  return { digest, ...subject };
}

/** The content of bytes that are at hand. */
export function blobOf(bytes: Uint8Array): BlobContent {
  return { size: bytes.length, chunks: (start, end) => [bytes.subarray(start, end)] };
}

/** Takes a blob as it comes and hashes it; beyond `keepBelow` bytes only digest and size are kept. */
export type BlobSink = {
  readonly size: () => number;
  write(chunk: Uint8Array): void;
  /** The content when it has this digest. */
  finish(digest: Digest): BlobContent | undefined;
};

/** An empty sink. */
export function blobSink(keepBelow = Number.POSITIVE_INFINITY): BlobSink {
  const sha256 = createHash('sha256');
  let kept: Uint8Array[] | undefined = [];
  let size = 0;
  return {
    size: () => size,
    write: (chunk) => {
      sha256.update(chunk);
      size += chunk.length;
      kept = size > keepBelow ? undefined : kept;
      kept?.push(chunk);
    },
    finish: (digest) => {
      const bytes = kept === undefined ? undefined : Buffer.concat(kept);
      // The algorithm is only known now: of a dropped upload there is nothing but the sha256.
      const actual =
        bytes !== undefined && digest.startsWith('sha512:')
          ? digestOf(bytes, digest)
          : `sha256:${sha256.copy().digest('hex')}`;
      if (actual !== digest) return undefined;
      return bytes === undefined ? { size } : blobOf(bytes);
    },
  };
}

/** The part of a manifest or index that names other content (image-spec, manifest.md and image-index.md). */
type ManifestReferences = z.infer<typeof ManifestReferences>;

const DescriptorJson = z.object({
  mediaType: z
    .string()
    .nullish()
    .transform((type) => type ?? ''),
  digest: digestJson,
  size: z.number(),
});

const ManifestReferences = z.object({
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: DescriptorJson.optional(),
  layers: listJson(DescriptorJson.extend({ urls: listJson(z.string()) })),
  manifests: listJson(DescriptorJson),
  subject: DescriptorJson.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** What a stored manifest names; throws on bytes that are no manifest. */
export function manifestReferences(bytes: Uint8Array): ManifestReferences {
  return ManifestReferences.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
}

function parseManifest(mediaType: string, bytes: Uint8Array): { references: ManifestReferences; refusal?: Refusal } {
  try {
    const references = manifestReferences(bytes);
    if (references.mediaType === undefined || references.mediaType === mediaType) return { references };
    return {
      references,
      refusal: { refused: 'MANIFEST_INVALID', message: `sent as ${mediaType} but says ${references.mediaType}` },
    };
  } catch (error) {
    const refusal: Refusal = { refused: 'MANIFEST_INVALID', message: `is no manifest: ${String(error)}` };
    return { references: { layers: [], manifests: [] }, refusal };
  }
}

function referenceProblem(
  reference: string,
  digest: Digest,
  current: StoredRepository,
  options: StoreOptions,
): Refusal | undefined {
  if (isDigest(reference)) {
    return reference === digest
      ? undefined
      : { refused: 'DIGEST_INVALID', message: `put as ${reference} but its bytes are ${digest}` };
  }
  if (!isTag(reference))
    return { refused: 'MANIFEST_INVALID', message: `"${reference}" is neither a tag nor a digest` };
  const tagged = current.tags.get(reference);
  if (options.immutableTags !== true || tagged === undefined || tagged === digest) return undefined;
  return { refused: 'TAG_IMMUTABLE', message: `tag ${reference} is immutable and points to ${tagged}` };
}

function missing(
  references: ManifestReferences,
  mediaType: string,
  current: StoredRepository,
  options: StoreOptions,
): Refusal | undefined {
  if (options.allowMissing === true) return undefined;
  // Layers that are kept elsewhere (`urls`) are never pushed.
  const layers = references.layers.filter((layer) => layer.urls.length === 0);
  const blobs: Descriptor[] = references.config === undefined ? layers : [references.config, ...layers];
  for (const blob of isIndexType(mediaType) ? [] : blobs) {
    const stored = current.blobs.get(blob.digest);
    if (stored === undefined)
      return { refused: 'MANIFEST_BLOB_UNKNOWN', message: `blob ${blob.digest} is not in the repository` };
    if (stored.size !== blob.size)
      return { refused: 'SIZE_INVALID', message: `blob ${blob.digest} has ${stored.size} bytes, not ${blob.size}` };
  }
  const child = references.manifests.find(({ digest }) => !current.manifests.has(digest));
  return child === undefined
    ? undefined
    : { refused: 'MANIFEST_BLOB_UNKNOWN', message: `manifest ${child.digest} is not in the repository` };
}
