import { PromotionError } from '../../errors.ts';
import { MEDIA_TYPES, type Descriptor, type Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import type { SmallBlob } from '../../registry/attaching/small-blobs.ts';
import type { TagContent } from '../../registry/attaching/tag-update.ts';
import { attachedImage, MAX_LAYERS, MAX_PAYLOAD, type AttachedImage, type Layer } from './image-layers.ts';
import { LEGACY, SIMPLE_SIGNING } from '../formats/cosign-layer.ts';
import type { LegacySignature } from '../roles.ts';

/** cosign's placeholder for an unknown time. */
const NO_TIME = '0001-01-01T00:00:00Z';

/**
 * Returns the `.sig` image with these signatures appended and its own unchanged; undefined if all are there already. If
 * there is no room for all, appends the first ones; throws UNSUPPORTED_MANIFEST if there is room for none. Replaces
 * content that is not an image, which no client could read.
 */
export function withSignatures(
  current: Manifest | undefined,
  signatures: readonly LegacySignature[],
): TagContent | undefined {
  const image = current && attachedImage(current);
  const there = image?.layers ?? [];
  // One payload may be signed by several identities; a layer that differs in any field is another layer.
  const known = new Set(there.map((layer) => JSON.stringify(layerJson(layer))));
  const added: Layer[] = [];
  const blobs = new Map<Digest, SmallBlob>();
  for (const { payload, annotations } of signatures) {
    const descriptor = { mediaType: SIMPLE_SIGNING, digest: digestOf(payload), size: payload.length };
    const layer = { ...descriptor, annotations };
    const json = JSON.stringify(layerJson(layer));
    if (known.has(json)) continue;
    known.add(json);
    added.push(layer);
    blobs.set(descriptor.digest, { descriptor, bytes: payload });
  }
  if (added.length === 0) return undefined;
  if (there.length >= MAX_LAYERS) throw full();
  added.splice(MAX_LAYERS - there.length);
  const { manifest, config } = extended(image, added, added.map(layerJson));
  return { manifest, blobs: [...blobs.values(), config] };
}

/** A `.sig` image with the signatures of two. */
type MergedSignatures = {
  readonly manifest: Manifest;
  readonly config: SmallBlob;
  /** The layers of the first of the two. */
  readonly payloads: readonly Descriptor[];
};

/**
 * Returns the first `.sig` image with the missing layers of the other appended, each unchanged. Returns undefined
 * unless both contain only signatures in cosign's format.
 */
export function mergedSignatures(first: Manifest, other: Manifest): MergedSignatures | undefined {
  const [image, second] = [first, other].map(signatureImage);
  if (image === undefined || second === undefined) return undefined;
  const known = new Set(image.layers.map((layer) => JSON.stringify(layerJson(layer))));
  const added = second.layers.flatMap((layer, index) => {
    const json = JSON.stringify(layerJson(layer));
    if (known.has(json)) return [];
    known.add(json);
    return [{ layer, written: second.document.layers?.[index] }];
  });
  if (image.layers.length + added.length > MAX_LAYERS) throw full();
  const layers = added.map(({ layer }) => layer);
  const written = added.map((one) => one.written);
  const payloads = new Map(
    image.layers.map(({ mediaType, digest, size }) => [digest, { mediaType, digest, size }] as const),
  );
  return { ...extended(image, layers, written), payloads: [...payloads.values()] };
}

/** Returns the image if all its layers are signatures. */
function signatureImage(manifest: Manifest): AttachedImage | undefined {
  const image = manifest.descriptor.mediaType === MEDIA_TYPES.ociManifest ? attachedImage(manifest) : undefined;
  const isSignature = ({ mediaType, size, annotations }: Layer): boolean =>
    mediaType === SIMPLE_SIGNING && size <= MAX_PAYLOAD && annotations[LEGACY.signature] !== undefined;
  return image !== undefined && image.layers.length > 0 && image.layers.every(isSignature) ? image : undefined;
}

/** Returns an image with more layers and the matching config; `written` is their JSON in the manifest. */
function extended(
  image: AttachedImage | undefined,
  added: readonly Layer[],
  written: readonly unknown[],
): Pick<MergedSignatures, 'manifest' | 'config'> {
  const layers = [...(image?.layers ?? []), ...added];
  const config = configOf(layers);
  const document = {
    schemaVersion: 2,
    ...image?.document,
    mediaType: MEDIA_TYPES.ociManifest,
    config: config.descriptor,
    layers: [...(image?.document.layers ?? []), ...written],
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.length };
  return { manifest: { bytes, descriptor }, config };
}

/** Returns the config for these layers, byte for byte as cosign writes it. */
function configOf(layers: readonly Layer[]): SmallBlob {
  const document = {
    architecture: '',
    created: NO_TIME,
    history: layers.map(() => ({ created: NO_TIME })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    config: {},
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const mediaType = 'application/vnd.oci.image.config.v1+json';
  return { bytes, descriptor: { mediaType, size: bytes.length, digest: digestOf(bytes) } };
}

/** The fields in the order in which cosign writes them. */
function layerJson({ mediaType, size, digest, annotations }: Layer): object {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { mediaType, size, digest, annotations: Object.fromEntries(sorted) };
}

function full(): PromotionError {
  return new PromotionError(
    'UNSUPPORTED_MANIFEST',
    `the .sig tag has ${MAX_LAYERS} signatures, and clients read no more`,
    {
      side: 'destination',
      hint: 'delete the tag, or unused signatures in it, and run again',
    },
  );
}
