import { z } from 'zod';
import { asPromotionError, type ErrorCode, type PromotionError } from '../../errors.ts';
import type { Descriptor, Manifest } from '../../image/descriptor.ts';
import { digestJson, exactJson, manifestJsonIn } from '../../image/json.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { BlobReader, Call } from '../../registry/roles.ts';
import { wholeBlob } from '../../registry/copying/whole-blob.ts';

/** What an attached image says of one of its layers. */
export type Layer = Descriptor & { readonly annotations: Readonly<Record<string, string>> };

/** An attached image, as far as it matters what it holds. */
export type AttachedImage = {
  readonly layers: readonly Layer[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  /** The type of its config, which stands for that of the artifact where none is named. */
  readonly configType?: string;
  /** The document as it stands there, for whoever writes it back. */
  readonly document: { readonly layers?: readonly unknown[] | null };
};

/** cosign reads no more layers of one image than this. */
export const MAX_LAYERS = 1000;

/** The largest attestations, lists of software, have some MiB; in bytes. */
export const MAX_ATTESTATION = 16 * 1024 * 1024;

/** The payload of a signature has some hundred bytes; a thousand of the largest must fit into memory. In bytes. */
export const MAX_PAYLOAD = 64 * 1024;

/** All layers that are read of what is attached to one digest in one form, in bytes: ten lists of software for each of ten platforms are less. */
const MAX_TOGETHER = 64 * 1024 * 1024;

/** A layer of this size, in bytes, is read without waiting for memory. */
const FREE = 256 * 1024;

/** What a layer takes when it is judged: its text, its payload, and what that says. */
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

/** The attached image that a manifest is; undefined when it is none. */
export function attachedImage({ bytes }: Manifest): AttachedImage | undefined {
  const document = manifestJsonIn(bytes);
  const { data } = ImageJson.safeParse(document);
  if (data === undefined || (data.layers === undefined && !hasConfigOnly(data))) return undefined;
  const { layers, annotations, artifactType, config } = data;
  return {
    layers: (layers ?? []).map((layer) => ({ ...layer, annotations: layer.annotations ?? {} })),
    annotations: annotations ?? {},
    ...(typeof artifactType === 'string' && { artifactType }),
    ...configTypeOf(config),
    document: document as AttachedImage['document'],
  };
}

const Config = exactJson({ mediaType: z.string() });

function configTypeOf(config: unknown): Pick<AttachedImage, 'configType'> {
  const { data } = Config.safeParse(config);
  return data === undefined ? {} : { configType: data.mediaType };
}

/** Without a list of layers, an image is told from an index by its config. */
function hasConfigOnly({ config, manifests }: z.infer<typeof ImageJson>): boolean {
  const isFree = manifests === undefined || manifests === null;
  return isFree && config !== undefined && config !== null;
}

/** The bytes of a layer, or why there are none; `error` is set when it may be otherwise the next time. */
export type LayerContent = Uint8Array | NoContent;

type NoContent = { readonly reason: string; readonly error?: PromotionError; readonly isTampered?: true };

/** Reads the layers of what is attached to one digest, each whole, while `use` needs it; what is wrong with one is a value. */
export type LayerReading = <T>(layer: Layer, use: (content: LayerContent) => T | Promise<T>) => Promise<T>;

/** Reads no layer that is larger than the limit, and none once all together are too many bytes. Large ones wait for memory. */
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
      return use({ reason: `its layer ${digest} is one too many: all together have more than ${MAX_TOGETHER} bytes` });
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

/** Reads a layer whole, unless it is larger than the limit; what is wrong with it is a value. */
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

/** Answers that stay the same however often one asks. */
const FINAL: readonly ErrorCode[] = ['NOT_FOUND', 'DIGEST_MISMATCH', 'REGISTRY_PROTOCOL'];

/** What the work resolves to, or why it failed. Throws if the run is being stopped. */
export async function orReason<T>({ signal }: Call, work: () => Promise<T>): Promise<T | NoContent> {
  try {
    return await work();
  } catch (error) {
    const failure = asPromotionError(error, signal);
    const { code, message: reason } = failure;
    return {
      reason,
      ...(!FINAL.includes(code) && { error: failure }),
      ...(code === 'DIGEST_MISMATCH' && { isTampered: true }),
    };
  }
}
