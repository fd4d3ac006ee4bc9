import { ACCEPTED_MANIFESTS, MEDIA_TYPES, REFUSED_MANIFESTS } from './descriptor.ts';
import { manifestJsonIn } from './json.ts';

/** The media type of content whose type is unknown. */
export const UNKNOWN_TYPE = 'application/octet-stream';

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** RFC 6838 permits 127 characters for each part; parameters, such as a version, may follow. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:;[ -~]{0,127})?$/;

/** Returns true for a media type that is safe in a header. */
export function isMediaType(text: unknown): text is string {
  return typeof text === 'string' && MEDIA_TYPE.test(text);
}

/**
 * Returns the media type of a manifest: the one that its bytes state, else the first manifest type in `served`, else
 * the one that its fields imply. Ignores types that are not of a manifest, such as `text/plain` from a file server.
 */
export function manifestTypeOf(bytes: Uint8Array, ...served: readonly (string | undefined)[]): string {
  const body = manifestJsonIn(bytes);
  if (!isObject(body)) return served.find(isManifestType) ?? UNKNOWN_TYPE;
  const { mediaType } = body;
  if (isMediaType(mediaType)) return mediaType;
  return served.find(isManifestType) ?? typeByFields(body) ?? UNKNOWN_TYPE;
}

/** Returns `served` if the manifest states another type; undefined if both agree or one is missing. */
export function disputedType(bytes: Uint8Array, served: string | undefined): string | undefined {
  if (!isManifestType(served)) return undefined;
  const body = manifestJsonIn(bytes);
  return isObject(body) && isMediaType(body.mediaType) && body.mediaType !== served ? served : undefined;
}

function isManifestType(type: string | undefined): boolean {
  return type !== undefined && (ACCEPTED_MANIFESTS.includes(type) || REFUSED_MANIFESTS.includes(type));
}

/** Only OCI permits a manifest without a type; Docker images without one are recognized by their config. */
function typeByFields({ schemaVersion, config, layers, manifests }: Body): string | undefined {
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

/** Returns true for a non-empty list. */
export function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}
