import pLimit from 'p-limit';
import type { Call, Referrer } from '../registry/roles.ts';
import type { Place } from './attached-tags.ts';
import { judgement, unreadable, type Attached } from './attachment.ts';
import {
  attachedImage,
  layerReading,
  MAX_ATTESTATION,
  MAX_LAYERS,
  orReason,
  type LayerReading,
} from './image-layers.ts';
import { PREDICATE_TYPE } from './listed.ts';
import type { LaterVerifier } from './roles.ts';

/** How the media type of a Sigstore bundle begins, of whatever version. */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';

/** Referrers of one digest that are read at once: as many as a registry is asked for at once. */
const AT_ONCE = 20;

/** The referrers of a digest; with predicate types given, without those that the list shows as of another type. Throws when they cannot be listed. */
export async function bundlesOf(
  place: Place,
  verifier: Pick<LaterVerifier, 'bundle'>,
  call: Call,
  types?: readonly string[],
): Promise<readonly Attached[]> {
  const listed = await place.registry.listReferrers(place.repository, place.digest, call);
  const wanted = listed.filter(({ annotations = {} }) => {
    const type = annotations[PREDICATE_TYPE];
    return types === undefined || type === undefined || types.includes(type);
  });
  const few = pLimit(AT_ONCE);
  const reading = layerReading(place.registry, place.repository, MAX_ATTESTATION, call);
  return Promise.all(
    wanted.map(async (referrer, index) => {
      const { digest: manifest, artifactType, mediaType } = referrer;
      const read =
        index < MAX_LAYERS
          ? await few(() => orReason(call, () => bundleOf(place, verifier, referrer, reading, call)))
          : { reason: `${MAX_LAYERS} referrers stand before it` };
      if (!('reason' in read)) return { manifest, ...read };
      return { form: 'other', manifest, mediaType: artifactType ?? mediaType, ...unreadable(read) };
    }),
  );
}

async function bundleOf(
  { registry, repository, digest }: Place,
  verifier: Pick<LaterVerifier, 'bundle'>,
  referrer: Referrer,
  reading: LayerReading,
  call: Call,
): Promise<Omit<Attached, 'manifest'>> {
  const manifest = await registry.readManifest(repository, referrer.digest, call);
  const image = manifest && attachedImage(manifest);
  const [layer] = image?.layers ?? [];
  const other = {
    form: 'other',
    mediaType: image?.artifactType ?? referrer.artifactType ?? referrer.mediaType,
  } as const;
  if (manifest === undefined) return { ...other, ...unreadable({ reason: 'it is listed, but not there' }) };
  if (image === undefined || layer === undefined || !layer.mediaType.startsWith(BUNDLE))
    return { ...other, ...unreadable({ reason: 'it is no Sigstore bundle' }, 'unverifiable') };
  const bundle = { form: 'bundle', mediaType: layer.mediaType, content: layer.digest } as const;
  // cosign takes none that has more
  if (image.layers.length > 1) return { ...bundle, ...unreadable({ reason: 'it has more than one layer' }) };
  return reading(layer, async (content) => {
    if (!(content instanceof Uint8Array)) return { ...bundle, ...unreadable(content) };
    return { ...bundle, ...judgement(await verifier.bundle(content, digest), digest) };
  });
}
