import type { Digest } from './digest.ts';

/** A descriptor of a blob or manifest; `size` in bytes (OCI image-spec, descriptor.md). */
export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
};

/** Manifest bytes exactly as a registry served them; `descriptor` is computed from the bytes. */
export type Manifest = {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** The media type of the response, if the manifest itself states another one. */
  readonly servedAs?: string | undefined;
};

export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** The manifest types that a client must accept: all four, or some registries convert manifests. */
export const ACCEPTED_MANIFESTS: readonly string[] = Object.values(MEDIA_TYPES);

/** The artifact manifest of OCI 1.1's release candidates, which the release removed. */
export const ARTIFACT_MANIFEST = 'application/vnd.oci.artifact.manifest.v1+json';

/** Types that are accepted only to be rejected by name: without them, registries respond with 404. */
export const REFUSED_MANIFESTS: readonly string[] = [
  ARTIFACT_MANIFEST,
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v1+json',
];

/** Returns true for an OCI index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerList;
}
