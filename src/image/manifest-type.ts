import { ACCEPTED_MANIFESTS, MEDIA_TYPES, REFUSED_MANIFESTS } from './descriptor.ts';
import { manifestJsonIn } from './json.ts';

/** The type of a manifest or blob of which nothing tells it. */
export const UNKNOWN_TYPE = 'application/octet-stream';

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** RFC 6838 gives each part 127 characters; parameters, such as a version, may follow. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:;[ -~]{0,127})?$/;

/** True for a media type that can be a header, too. */
export function isMediaType(text: unknown): text is string {
  return typeof text === 'string' && MEDIA_TYPE.test(text);
}

/**
 * Returns the type of a manifest: the one that its bytes state, else the first of the types that others tell, else the one
 * that its shape shows. Types that are not of a manifest, such as the `text/plain` of a file server, count as not told.
 */
export function manifestTypeOf(bytes: Uint8Array, ...told: readonly (string | undefined)[]): string {
  const body = manifestJsonIn(bytes);
  if (!isObject(body)) return told.find(isManifestType) ?? UNKNOWN_TYPE;
  const { mediaType } = body;
  if (isMediaType(mediaType)) return mediaType;
  return told.find(isManifestType) ?? shapeOf(body) ?? UNKNOWN_TYPE;
}

/** Returns the type that a manifest was told to have if it states another one; undefined if both agree, or one is missing. */
export function disputedType(bytes: Uint8Array, told: string | undefined): string | undefined {
  if (!isManifestType(told)) return undefined;
  const body = manifestJsonIn(bytes);
  return isObject(body) && isMediaType(body.mediaType) && body.mediaType !== told ? told : undefined;
}

function isManifestType(type: string | undefined): boolean {
  return type !== undefined && (ACCEPTED_MANIFESTS.includes(type) || REFUSED_MANIFESTS.includes(type));
}

/** Only OCI allows a manifest not to state its type; that some images of Docker lack theirs shows in their config. */
function shapeOf({ schemaVersion, config, layers, manifests }: Body): string | undefined {
  if (schemaVersion !== 2) return undefined;
  if (isObject(config))
    return isFilled(manifests)
      ? undefined
      : config.mediaType === DOCKER_CONFIG
        ? MEDIA_TYPES.dockerManifest
        : MEDIA_TYPES.ociManifest;
  return manifests !== undefined && !isFilled(layers) ? MEDIA_TYPES.ociIndex : undefined;
}

type Body = { readonly [key in 'mediaType' | 'schemaVersion' | 'config' | 'layers' | 'manifests']?: unknown };

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for a list that names something. */
export function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}
