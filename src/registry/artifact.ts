import { isPromotionError, PromotionError, type ErrorCode } from '../errors.ts';
import { MEDIA_TYPES, type Descriptor, type Manifest } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { readOci, type OciDescriptor } from '../image/oci.ts';
import type { RepositoryName } from '../image/reference.ts';
import { EMPTY_CONFIG } from './attaching/attacher.ts';
import { storeBlobs, type SmallBlob } from './attaching/small-blobs.ts';
import { writeWithBlobs } from './attaching/tag-update.ts';
import { wholeBlob } from './copying/whole-blob.ts';
import { referenceText } from './request.ts';
import type { Call, Registry, RegistryReader } from './roles.ts';

/** A small file in an artifact. */
export type ArtifactFile = {
  /** The name that `oras pull` gives the file; without folders. */
  readonly title: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
};

/** The content of an artifact; equal content has an equal digest. */
export type Artifact = { readonly artifactType: string; readonly layers: readonly ArtifactFile[] };

/** A tag of a repository. */
export type ArtifactTag = { readonly repository: RepositoryName; readonly tag: string };

/** The names of the files of an artifact: https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md */
const TITLE = 'org.opencontainers.image.title';

/** Errors of a registry that rejects the form of a manifest; it may respond in the same way to a tag that must not move. */
const FORM_REFUSED: readonly ErrorCode[] = ['REGISTRY_PROTOCOL', 'TAG_MOVE'];

/**
 * Stores files as an OCI artifact under a tag, which then no longer names its former content. Returns the digest. A
 * registry that rejects `artifactType` gets the older form, in which the media type of the config states the type.
 */
export async function pushArtifact(
  registry: Registry,
  { repository, tag }: ArtifactTag,
  artifact: Artifact,
  call: Call,
): Promise<Digest> {
  const files = artifact.layers.map(({ mediaType, bytes }): SmallBlob => ({
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    bytes,
  }));
  const blobs = [EMPTY_CONFIG, ...files];
  await storeBlobs(registry, repository, blobs, call);
  const write = async (manifest: Manifest): Promise<Digest> => {
    await writeWithBlobs(registry, repository, tag, { manifest, blobs }, call);
    return manifest.descriptor.digest;
  };
  const { artifactType } = artifact;
  const layers = files.map(({ descriptor }, index) => titled(descriptor, artifact.layers[index]?.title ?? ''));
  try {
    return await write(manifestOf({ artifactType, config: EMPTY_CONFIG.descriptor, layers }));
  } catch (error) {
    if (!FORM_REFUSED.some((code) => isPromotionError(error, code))) throw error;
    // The older form is refused as well if the form was not the reason; the first error then says why.
    return write(manifestOf({ config: { ...EMPTY_CONFIG.descriptor, mediaType: artifactType }, layers })).catch(() => {
      call.signal.throwIfAborted();
      throw error;
    });
  }
}

function titled(descriptor: Descriptor, title: string): object {
  return { ...descriptor, annotations: { [TITLE]: title } };
}

function manifestOf(parts: object): Manifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, ...parts }));
  return { bytes, descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.length } };
}

/** The limits for an artifact that is read. */
export type ArtifactLimits = {
  /** Bytes of all files together; a larger artifact is rejected before its files are read. */
  readonly maxBytes: number;
  /** The required artifact type. Default: any. */
  readonly artifactType?: string | undefined;
};

/** Files of one artifact: far more than any artifact of ours has. */
const MAX_FILES = 100;

/** An artifact that was read: the digest of its manifest, and its files by title. */
export type PulledArtifact = { readonly digest: Digest; readonly files: ReadonlyMap<string, Uint8Array> };

/**
 * Reads an artifact by tag or digest, with all digests verified; returns undefined if the registry does not have it.
 * Layers without a title are omitted, as `oras pull` does. Throws UNSUPPORTED_MANIFEST for other content.
 */
export async function pullArtifact(
  registry: Pick<RegistryReader, 'readManifest' | 'readBlob' | 'memory'>,
  repository: RepositoryName,
  reference: string,
  limits: ArtifactLimits,
  call: Call,
): Promise<PulledArtifact | undefined> {
  const manifest = await registry.readManifest(repository, reference, call);
  if (manifest === undefined) return undefined;
  const named = layersOf(manifest, limits, referenceText(repository, reference));
  const files = new Map<string, Uint8Array>();
  for (const [title, { mediaType, digest, size }] of named) {
    const blob = { mediaType, digest, size };
    files.set(title, await wholeBlob(blob, () => registry.readBlob(repository, blob, call)));
  }
  return { digest: manifest.descriptor.digest, files };
}

function layersOf(
  manifest: Manifest,
  { maxBytes, artifactType }: ArtifactLimits,
  object: string,
): ReadonlyMap<string, OciDescriptor> {
  const read = readOci(manifest);
  if (read.kind === 'unread') throw unusable(object, read.problem);
  if (read.kind === 'index') throw unusable(object, 'is an index of images');
  const type = read.artifactType ?? read.config.mediaType;
  if (artifactType !== undefined && type !== artifactType)
    throw unusable(object, `has the artifact type ${type}, not ${artifactType}`);
  if (read.layers.length > MAX_FILES) throw unusable(object, `has more than ${MAX_FILES} files`);
  const size = read.layers.reduce((total, layer) => total + layer.size, 0);
  if (size > maxBytes) throw unusable(object, `has ${size} bytes, more than ${maxBytes}`);
  const named = new Map<string, OciDescriptor>();
  for (const layer of read.layers) {
    const title = layer.annotations[TITLE];
    if (title === undefined) continue;
    if (named.has(title)) throw unusable(object, `has two files of the same name`);
    named.set(title, layer);
  }
  return named;
}

function unusable(object: string, problem: string): PromotionError {
  return new PromotionError('UNSUPPORTED_MANIFEST', `${object} ${problem}; expected an artifact of small files`, {
    side: 'source',
    hint: 'check the name and the tag; if they are right, push the artifact again',
  });
}
