import { cosignTag } from '../../image/cosign-tag.ts';
import type { Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Call, RegistryReader } from '../../registry/roles.ts';
import { judgement, unreadable, type Attached, type Unread } from './types.ts';
import {
  attachedImage,
  layerReading,
  MAX_ATTESTATION,
  MAX_LAYERS,
  MAX_PAYLOAD,
  type Layer,
  type LayerContent,
} from './image-layers.ts';
import { SIMPLE_SIGNING } from '../formats/cosign-layer.ts';
import type { LaterVerifier, LegacySignature, LegacyVerdict } from '../roles.ts';

/** The repository, digest and registry access for a lookup. */
export type Place = {
  readonly registry: RegistryReader;
  readonly repository: RepositoryName;
  readonly digest: Digest;
};

/** A layer of a `.sig` tag, with its contents if they could be read. */
type AttachedSignature = Attached & { readonly signature?: LegacySignature };

/** Returns the layers of cosign's `.sig` tag. */
export function signaturesOf(
  place: Place,
  verifier: Pick<LaterVerifier, 'legacy'>,
  call: Call,
): Promise<readonly AttachedSignature[]> {
  return taggedLayers(place, signatureShape('sig', place, verifier), call);
}

/** Returns the layers of a referrer with the contents of a `.sig` tag. */
export function referringSignatures(
  place: Place,
  manifest: Manifest,
  verifier: Pick<LaterVerifier, 'legacy'>,
  call: Call,
): Promise<readonly AttachedSignature[]> {
  return layersOf(place, manifest, signatureShape('sig-referrer', place, verifier), call);
}

function signatureShape(form: 'sig' | 'sig-referrer', place: Place, verifier: Pick<LaterVerifier, 'legacy'>): Shape {
  const judge: Judge = async (payload, { annotations }) => {
    const verdict: LegacyVerdict = await verifier.legacy({ payload, annotations }, place.digest);
    if (verdict.reference === undefined) return { kind: 'other', references: [], verdict };
    return { kind: 'signature', references: [verdict.reference], verdict, signature: { payload, annotations } };
  };
  return { form, expected: SIMPLE_SIGNING, limit: MAX_PAYLOAD, judge };
}

/** Media type of a layer of an `.att` image: a DSSE envelope. */
const ENVELOPE = 'application/vnd.dsse.envelope.v1+json';

/** Returns the layers of cosign's `.att` tag. */
export function attestationsOf(
  place: Place,
  verifier: Pick<LaterVerifier, 'legacyAttestation'>,
  call: Call,
): Promise<readonly Attached[]> {
  const judge: Judge = async (envelope, { annotations }) =>
    judgement(await verifier.legacyAttestation(envelope, annotations, place.digest), place.digest);
  return taggedLayers(place, { form: 'att', expected: ENVELOPE, limit: MAX_ATTESTATION, judge }, call);
}

/** Verifies the bytes of a layer. */
type Judge = (bytes: Uint8Array, layer: Layer) => Promise<Omit<AttachedSignature, 'form' | 'manifest' | 'mediaType'>>;

type Shape = {
  readonly form: 'sig' | 'sig-referrer' | 'att';
  readonly expected: string;
  readonly limit: number;
  readonly judge: Judge;
};

async function taggedLayers(place: Place, shape: Shape, call: Call): Promise<readonly AttachedSignature[]> {
  const { registry, repository, digest } = place;
  // cosign's tag of a sha512 would be longer than tags may be: a registry could only reject it
  if (!digest.startsWith('sha256:')) return [];
  const tag = cosignTag(digest, shape.form === 'att' ? 'att' : 'sig');
  const tagged = await registry.readManifest(repository, tag, call);
  return tagged === undefined ? [] : layersOf(place, tagged, shape, call);
}

async function layersOf(
  { registry, repository }: Place,
  tagged: Manifest,
  { form, expected, limit, judge }: Shape,
  call: Call,
): Promise<readonly AttachedSignature[]> {
  const manifest = tagged.descriptor.digest;
  const unread = (mediaType: string, why: Unread): Attached => ({ form, manifest, mediaType, ...unreadable(why) });
  const image = attachedImage(tagged);
  if (image === undefined) return [unread(tagged.descriptor.mediaType, { reason: 'it is not an image' })];
  const { length } = image.layers;
  if (length > MAX_LAYERS)
    return [unread(tagged.descriptor.mediaType, { reason: `it has ${length} layers, more than ${MAX_LAYERS}` })];
  const reading = layerReading(registry, repository, limit, call);
  // A payload that was signed twice is one blob in two layers, one of which may state a wrong size.
  const payloads = new Map<string, Promise<LayerContent>>();
  const payloadOf = (layer: Layer): Promise<LayerContent> => {
    const key = `${layer.digest} ${layer.size}`;
    const known = payloads.get(key) ?? reading(layer, (content) => content);
    payloads.set(key, known);
    return known;
  };
  const judgeOne = async (layer: Layer, content: LayerContent): Promise<AttachedSignature> => {
    const { mediaType, digest: named } = layer;
    if (!(content instanceof Uint8Array)) return { ...unread(mediaType, content), content: named };
    return { form, manifest, mediaType, ...(await judge(content, layer)), content: named };
  };
  const read = async (layer: Layer): Promise<AttachedSignature> => {
    const { mediaType, digest: named, size } = layer;
    if (mediaType !== expected)
      return { ...unread(mediaType, { reason: `it is of type ${mediaType}, not ${expected}` }), content: named };
    return size <= MAX_PAYLOAD
      ? judgeOne(layer, await payloadOf(layer))
      : reading(layer, (content) => judgeOne(layer, content));
  };
  return Promise.all(image.layers.map(read));
}
