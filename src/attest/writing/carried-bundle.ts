import { z } from 'zod';
import { MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { digestJson, exactJson } from '../../image/json.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { EvidenceItem } from '../../policy/provenance.ts';
import { EMPTY_CONFIG, type Attachment } from '../../registry/attaching/attacher.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { attachedImage, MAX_ATTESTATION, readLayer, type AttachedImage } from '../attached/image-layers.ts';
import { PREDICATE_TYPE, SIGNED_BY, signedBy } from '../formats/annotations.ts';

/** The staging repository and subject digest of a bundle. */
type BundlePlace = { readonly staging: RepositoryName; readonly digest: Digest };

/** A bundle by its manifest and its layer, as it was verified. */
type JudgedBundle = Pick<EvidenceItem, 'manifest' | 'content' | 'predicateType'> & {
  readonly signer?: EvidenceItem['signer'] | undefined;
};

/** Returns a bundle of staging with its blobs, to be attached unchanged elsewhere; or why it is not carried. */
export async function carriedBundle(
  registry: RegistryReader,
  { staging, digest }: BundlePlace,
  item: JudgedBundle,
  call: Call,
): Promise<Attachment | string> {
  const manifest = await registry.readManifest(staging, item.manifest, call);
  if (manifest === undefined) return 'no longer exists';
  const image = attachedImage(manifest);
  const problem = image === undefined ? 'is not an image manifest' : problemOf(manifest, image, digest, item);
  const [layer] = image?.layers ?? [];
  if (image === undefined || layer === undefined || problem !== undefined) return problem ?? 'has no layer';
  const bytes = await readLayer(registry, staging, layer, MAX_ATTESTATION, call);
  if (!(bytes instanceof Uint8Array)) {
    if (bytes.error !== undefined) throw bytes.error;
    return `cannot be read: ${bytes.reason}`;
  }
  const { artifactType, annotations } = image;
  const { mediaType, size } = layer;
  return {
    manifest,
    subject: Subject.parse(image.document).subject,
    referrer: { ...manifest.descriptor, artifactType, annotations },
    blobs: [EMPTY_CONFIG, { descriptor: { mediaType, digest: layer.digest, size }, bytes }],
  };
}

const Descriptor = exactJson({
  mediaType: z.string(),
  digest: digestJson,
  size: z.int().nonnegative(),
});
const Subject = exactJson({ subject: Descriptor });
const Carriable = exactJson({ subject: Descriptor, config: Descriptor });

/** Prefix of the media types of Sigstore bundles of all versions. */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';

/**
 * Only an exact bundle of this digest, as it was accepted, is carried: anything else could bring in unchecked content.
 */
function problemOf(
  { descriptor }: Manifest,
  { artifactType, layers, annotations, document }: AttachedImage,
  digest: Digest,
  { content, predicateType, signer }: JudgedBundle,
): string | undefined {
  const { data } = Carriable.safeParse(document);
  const [layer] = layers;
  if (descriptor.mediaType !== MEDIA_TYPES.ociManifest || data === undefined)
    return 'is not an OCI image manifest with a subject';
  if (artifactType?.startsWith(BUNDLE) !== true) return `has the artifact type ${artifactType ?? '(none)'}`;
  if (
    data.config.mediaType !== EMPTY_CONFIG.descriptor.mediaType ||
    data.config.digest !== EMPTY_CONFIG.descriptor.digest
  )
    return 'has a non-empty config';
  if (layers.length !== 1 || layer?.digest !== content || !layer.mediaType.startsWith(BUNDLE))
    return 'has other layers than the bundle that was accepted';
  if (data.subject.digest !== digest) return `is about ${data.subject.digest}`;
  const { [PREDICATE_TYPE]: type, [SIGNED_BY]: who } = annotations;
  if (type !== undefined && type !== predicateType) return `claims to be of type ${type}`;
  return who !== undefined && who !== (signer && signedBy(signer)) ? `claims to be signed by ${who}` : undefined;
}
