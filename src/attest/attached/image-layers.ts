import { z } from 'zod';
import { asPromotionError, type ErrorCode, type PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import { digestJson, exactJson, manifestJsonIn } from '../../image/json.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobReader, Call } from '../../registry/roles.ts';
import { wholeBlob } from '../../registry/copying/whole-blob.ts';

/** The descriptor of a layer in an attached image. */
export type Layer = Descriptor & { readonly annotations: Readonly<Record<string, string>> };

/** The relevant fields of an attached image. */
export type AttachedImage = {
  readonly layers: readonly Layer[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string | undefined;
  /** The media type of its config, used as the artifact type if none is stated. */
  readonly configType?: string | undefined;
  /** The manifest's JSON unchanged, for writing it back. */
  readonly document: { readonly layers?: readonly unknown[] | null };
};

/** cosign reads no more layers of one image. */
export const MAX_LAYERS = 1000;

/** Maximum size of an attestation in bytes; the largest, SBOMs, have some MiB. */
export const MAX_ATTESTATION = 16 * 1024 * 1024;

/**
 * Maximum size of a signature payload in bytes. A payload has some hundred bytes; a thousand of the largest must fit
 * into memory.
 */
export const MAX_PAYLOAD = 64 * 1024;

/** Total size in bytes of the layers read for one digest in one form: more than ten SBOMs for each of ten platforms. */
const MAX_TOGETHER = 64 * 1024 * 1024;

/** A layer up to this size, in bytes, is read without waiting for memory. */
const FREE = 256 * 1024;

/** Memory for verifying a layer as a multiple of its size: its text, its payload, and the parsed payload. */
const TIMES = 4;

// Go programs write null for what is empty.
const Annotations = z.record(z.string(), z.string()).nullish();
const LayerJson = exactJson({
  mediaType: z.string(),
  digest: digestJson,
  size: z.int().nonnegative(),
  annotations: Annotations,
});
const ImageJson = exactJson({
  config: z.unknown().optional(),
  manifests: z.unknown().optional(),
  layers: z.array(LayerJson).nullish(),
  annotations: Annotations,
  artifactType: z.string().nullish(),
});

/** Parses a manifest as an attached image; returns undefined if it is not one. */
export function attachedImage({ bytes }: Manifest): AttachedImage | undefined {
  const document = manifestJsonIn(bytes);
  const { data } = ImageJson.safeParse(document);
  if (data === undefined || (data.layers === undefined && !hasConfigOnly(data))) return undefined;
  const { layers, annotations, artifactType, config } = data;
  return {
    layers: (layers ?? []).map((layer) => ({ ...layer, annotations: layer.annotations ?? {} })),
    annotations: annotations ?? {},
    artifactType: artifactType ?? undefined,
    configType: Config.safeParse(config).data?.mediaType,
    document: document as AttachedImage['document'],
  };
}

const Config = exactJson({ mediaType: z.string() });

/** An image without a list of layers is distinguished from an index by its config. */
function hasConfigOnly({ config, manifests }: z.infer<typeof ImageJson>): boolean {
  const isFree = manifests === undefined || manifests === null;
  return isFree && config !== undefined && config !== null;
}

/** The bytes of a layer, or why there are none; `error` is set if the next read may succeed. */
export type LayerContent = Uint8Array | NoContent;

type NoContent = {
  readonly reason: string;
  readonly error?: PromotionError | undefined;
  readonly isTampered?: boolean;
};

/**
 * Reads one layer and passes it to `use`, which holds its memory. An invalid layer is passed as a reason instead of
 * bytes.
 */
export type LayerReading = <T>(layer: Layer, use: (content: LayerContent) => T | Promise<T>) => Promise<T>;

/**
 * Returns a reader of layers that skips a layer above the limit, and all layers after the total limit. Large layers
 * wait for memory.
 */
export function layerReading(
  registry: BlobReader,
  repository: RepositoryName,
  limit: number,
  call: Call,
): LayerReading {
  let together = 0;
  return async (layer, use) => {
    const { digest, size } = layer;
    if (size <= limit) together += size;
    if (together > MAX_TOGETHER)
      return use({ reason: `with its layer ${digest}, the total size exceeds ${MAX_TOGETHER} bytes` });
    const giveBack =
      size > FREE && size <= limit
        ? await registry.memory?.lend(TIMES * size, () => undefined, call.signal)
        : undefined;
    try {
      return await use(await readLayer(registry, repository, layer, limit, call));
    } finally {
      giveBack?.();
    }
  };
}

/** Reads a whole layer, unless it is larger than the limit; returns a reason for an invalid one. */
export async function readLayer(
  registry: BlobReader,
  repository: RepositoryName,
  { mediaType, digest, size }: Layer,
  limit: number,
  call: Call,
): Promise<LayerContent> {
  if (size > limit) return { reason: `its layer ${digest} has ${size} bytes, more than ${limit}` };
  const blob = { mediaType, digest, size };
  return orReason(call, () => wholeBlob(blob, () => registry.readBlob(repository, blob, call)));
}

/** Errors that a later attempt would repeat. */
const FINAL: readonly ErrorCode[] = ['NOT_FOUND', 'DIGEST_MISMATCH', 'REGISTRY_PROTOCOL'];

/** Returns the result of the work, or why it failed. Throws if the run is being stopped. */
export async function orReason<T>({ signal }: Call, work: () => Promise<T>): Promise<T | NoContent> {
  try {
    return await work();
  } catch (error) {
    const failure = asPromotionError(error, signal);
    const { code, message: reason } = failure;
    return { reason, error: FINAL.includes(code) ? undefined : failure, isTampered: code === 'DIGEST_MISMATCH' };
  }
}
