import { PromotionError } from '../errors.ts';
import { MEDIA_TYPES, type Manifest } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import type { SmallBlob } from '../registry/small-blobs.ts';
import type { TagContent } from '../registry/tag-update.ts';
import { attachedImage, MAX_LAYERS, type Layer } from './image-layers.ts';
import { SIMPLE_SIGNING } from './legacy.ts';
import type { LegacySignature } from './roles.ts';

/** What cosign writes for a time that it does not want to tell. */
const NO_TIME = '0001-01-01T00:00:00Z';

/**
 * The `.sig` image with these signatures behind those that it has, all of them untouched; undefined when they are there.
 * What is no image, and so holds no signature that anybody could read, is replaced.
 */
export function withSignatures(
  current: Manifest | undefined,
  signatures: readonly LegacySignature[],
): TagContent | undefined {
  const image = current && attachedImage(current);
  const there = image?.layers ?? [];
  // One payload may be signed by several; a layer that is wrong about anything is another one.
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
  if (there.length + added.length > MAX_LAYERS) throw full();
  const config = configOf([...there, ...added]);
  const document = {
    schemaVersion: 2,
    ...image?.document,
    mediaType: MEDIA_TYPES.ociManifest,
    config: config.descriptor,
    layers: [...(image?.document.layers ?? []), ...added.map(layerJson)],
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.length };
  return { manifest: { bytes, descriptor }, blobs: [...blobs.values(), config] };
}

/** The config, byte for byte as cosign writes it for these layers. */
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

/** In the order in which cosign writes it. */
function layerJson({ mediaType, size, digest, annotations }: Layer): object {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { mediaType, size, digest, annotations: Object.fromEntries(sorted) };
}

function full(): PromotionError {
  return new PromotionError(
    'UNSUPPORTED_MANIFEST',
    `the .sig tag holds ${MAX_LAYERS} signatures, and nobody reads more`,
    {
      side: 'destination',
      hint: 'delete the tag, or the signatures in it that nobody needs, and run again',
    },
  );
}
