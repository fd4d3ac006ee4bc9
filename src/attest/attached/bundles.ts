import pLimit from 'p-limit';
import type { Call, Referrer } from '../../registry/roles.ts';
import { referringSignatures, type Place } from './tags.ts';
import { judgement, unreadable, type Attached } from './types.ts';
import {
  attachedImage,
  layerReading,
  MAX_ATTESTATION,
  MAX_LAYERS,
  orReason,
  type LayerReading,
} from './image-layers.ts';
import { PREDICATE_TYPE } from '../formats/annotations.ts';
import type { LaterVerifier } from '../roles.ts';

/** Prefix of the media type of every Sigstore bundle version. */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';

/**
 * Artifact type of a referrer with the contents of a `.sig` tag:
 * https://github.com/sigstore/cosign/blob/v3.1.3/pkg/oci/remote/write.go, WriteSignaturesExperimentalOCI
 */
const SIGNATURES = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/** Referrers of one digest that are read concurrently: the number of concurrent requests to a registry. */
const AT_ONCE = 20;

/**
 * Returns the referrers of a digest. With predicate types given, omits those that the list shows with another type.
 * Throws if they cannot be listed.
 */
export async function bundlesOf(
  place: Place,
  verifier: Pick<LaterVerifier, 'bundle' | 'legacy'>,
  call: Call,
  types?: readonly string[],
): Promise<readonly Attached[]> {
  const listed = await place.registry.listReferrers(place.repository, place.digest, call);
  return bundlesIn(listed, place, verifier, call, types);
}

/** Reads these referrers of a digest as bundlesOf does. */
export async function bundlesIn(
  listed: readonly Referrer[],
  place: Place,
  verifier: Pick<LaterVerifier, 'bundle' | 'legacy'>,
  call: Call,
  types?: readonly string[],
): Promise<readonly Attached[]> {
  const wanted = listed.filter(({ annotations = {} }) => {
    const type = annotations[PREDICATE_TYPE];
    return types === undefined || type === undefined || types.includes(type);
  });
  const few = pLimit(AT_ONCE);
  const reading = layerReading(place.registry, place.repository, MAX_ATTESTATION, call);
  const all = await Promise.all(
    wanted.map(async (referrer, index): Promise<readonly Attached[]> => {
      const { digest: manifest, artifactType, mediaType } = referrer;
      const read =
        index < MAX_LAYERS
          ? await few(() => orReason(call, () => referring(place, verifier, referrer, reading, call)))
          : { reason: `${MAX_LAYERS} referrers come before it` };
      if (!('reason' in read)) return read;
      return [{ form: 'other', manifest, mediaType: artifactType ?? mediaType, ...unreadable(read) }];
    }),
  );
  return all.flat();
}

async function referring(
  place: Place,
  verifier: Pick<LaterVerifier, 'bundle' | 'legacy'>,
  referrer: Referrer,
  reading: LayerReading,
  call: Call,
): Promise<readonly Attached[]> {
  const { registry, repository, digest } = place;
  const manifest = await registry.readManifest(repository, referrer.digest, call);
  const image = manifest && attachedImage(manifest);
  const [layer] = image?.layers ?? [];
  const other = {
    form: 'other',
    manifest: referrer.digest,
    mediaType: image?.artifactType ?? referrer.artifactType ?? referrer.mediaType,
  } as const;
  if (manifest === undefined) return [{ ...other, ...unreadable({ reason: 'it is listed, but missing' }) }];
  if ((image?.artifactType ?? image?.configType) === SIGNATURES)
    return referringSignatures(place, manifest, verifier, call);
  if (layer === undefined || !layer.mediaType.startsWith(BUNDLE))
    return [{ ...other, ...unreadable({ reason: 'it is not a Sigstore bundle' }) }];
  const bundle = { ...other, form: 'bundle', mediaType: layer.mediaType, content: layer.digest } as const;
  // cosign rejects a bundle with more layers
  if (image !== undefined && image.layers.length > 1)
    return [{ ...bundle, ...unreadable({ reason: 'it has more than one layer' }) }];
  return reading(layer, async (content) => {
    if (!(content instanceof Uint8Array)) return [{ ...bundle, ...unreadable(content) }];
    return [{ ...bundle, ...judgement(await verifier.bundle(content, digest), digest) }];
  });
}
