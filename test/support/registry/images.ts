import { MEDIA_TYPES, type Descriptor, type Manifest } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { blobOf, type BlobContent, type RegistryStore } from '../memory-registry/store.ts';
import { describeBlob, seededBlob } from './seeded.ts';

type ImageFormat = 'oci' | 'docker';

/** One image; the same spec is the same digest on every machine. */
export type ImageSpec = {
  readonly seed: number;
  /** The sizes of its layers in bytes; two of 1 KiB by default. */
  readonly layers?: readonly number[];
  /** Seeds of the first layers, where they are to be shared with other images; else they follow from `seed`. */
  readonly layerSeeds?: readonly number[];
  readonly format?: ImageFormat;
  /** `os/architecture`; `linux/amd64` by default. */
  readonly platform?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** OCI only: makes it an artifact of this type, or a referrer of this subject. */
  readonly artifactType?: string;
  readonly subject?: Descriptor;
};

/** A manifest with all that it needs to be stored. */
export type BuiltImage = {
  readonly manifest: Manifest;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly content: BlobContent }[];
  readonly children: readonly BuiltImage[];
  /** What the descriptor in an index says besides. */
  readonly named?: Readonly<Record<string, unknown>>;
};

const TYPES = {
  oci: {
    manifest: MEDIA_TYPES.ociManifest,
    index: MEDIA_TYPES.ociIndex,
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar',
  },
  docker: {
    manifest: MEDIA_TYPES.dockerManifest,
    index: MEDIA_TYPES.dockerList,
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar',
  },
} as const;

/** Builds an image of seeded layers. */
export function buildImage(spec: ImageSpec): BuiltImage {
  const {
    seed,
    layers: sizes = [1024, 1024],
    layerSeeds = [],
    format = 'oci',
    annotations,
    artifactType,
    subject,
  } = spec;
  const types = TYPES[format];
  const layers = sizes.map((size, index) => {
    const content = seededBlob(size, layerSeeds[index] ?? seed * 1000 + index + 1);
    return { descriptor: describeBlob(content, types.layer), content };
  });
  const [os = 'linux', architecture = 'amd64'] = (spec.platform ?? 'linux/amd64').split('/');
  // Layers are not compressed, so a layer's diff id is its digest. The seed keeps images apart that have no layers.
  const document = {
    architecture,
    os,
    config: { Labels: { seed: String(seed) } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
  };
  const config = jsonBlob(document, types.config);
  const manifest = jsonManifest({
    schemaVersion: 2,
    mediaType: types.manifest,
    ...(artifactType !== undefined && { artifactType }),
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    ...(subject !== undefined && { subject }),
    ...(annotations !== undefined && { annotations }),
  });
  return { manifest, platform: { os, architecture }, blobs: [config, ...layers], children: [] };
}

/** Builds an index of images or of further indexes. */
export function buildIndex(
  children: readonly BuiltImage[],
  format: ImageFormat = 'oci',
  annotations?: Readonly<Record<string, string>>,
): BuiltImage {
  const manifests = children.map(({ manifest, platform, named }) => ({
    ...manifest.descriptor,
    ...(platform !== undefined && { platform }),
    ...named,
  }));
  const manifest = jsonManifest({
    schemaVersion: 2,
    mediaType: TYPES[format].index,
    manifests,
    ...(annotations !== undefined && { annotations }),
  });
  return { manifest, blobs: [], children };
}

/** Builds what BuildKit puts beside an image into its index (https://docs.docker.com/build/metadata/attestations/attestation-storage/). */
export function buildAttestation(of: BuiltImage): BuiltImage {
  const layer = jsonBlob({ _type: 'https://in-toto.io/Statement/v0.1' }, 'application/vnd.in-toto+json');
  const config = jsonBlob({ architecture: 'unknown', os: 'unknown' }, TYPES.oci.config);
  const { digest } = of.manifest.descriptor;
  const annotations = { of: digest };
  const document = { schemaVersion: 2, mediaType: TYPES.oci.manifest, config: config.descriptor, annotations };
  return {
    manifest: jsonManifest({ ...document, layers: [layer.descriptor] }),
    blobs: [config, layer],
    children: [],
    named: {
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': digest,
      },
    },
  };
}

/** Builds an index of one image for each platform; seeds count up from the first. */
export function buildMultiPlatform(spec: ImageSpec, platforms: readonly string[]): BuiltImage {
  const images = platforms.map((platform, index) => buildImage({ ...spec, platform, seed: spec.seed + index }));
  return buildIndex(images, spec.format);
}

/** Puts an image with all its blobs and children straight into a store, under the tags or by digest. */
export function storeImage(
  store: RegistryStore,
  path: string,
  image: BuiltImage,
  tags: readonly string[] = [],
): Descriptor {
  for (const child of image.children) storeImage(store, path, child);
  for (const { descriptor, content } of image.blobs) store.putBlob(path, descriptor.digest, content);
  const { descriptor, bytes } = image.manifest;
  for (const reference of tags.length === 0 ? [descriptor.digest] : tags) {
    const stored = store.putManifest(path, reference, descriptor.mediaType, bytes);
    if ('refused' in stored) throw new Error(`storing ${path}:${reference}: ${stored.message}`);
  }
  return descriptor;
}

/** Pushes an image over HTTP to a registry without authorization, one `POST` and one `PUT` for each blob. */
export async function pushImage(
  registryUrl: string,
  path: string,
  image: BuiltImage,
  tags: readonly string[] = [],
): Promise<Descriptor> {
  for (const child of image.children) await pushImage(registryUrl, path, child);
  for (const { descriptor, content } of image.blobs) {
    const body = Buffer.concat([...(content.chunks?.(0, content.size) ?? [])]);
    const opened = await sent(`${registryUrl}/v2/${path}/blobs/uploads/`, { method: 'POST' }, 202);
    const location = new URL(opened.headers.get('location') ?? '', registryUrl);
    location.searchParams.set('digest', descriptor.digest);
    await sent(location.href, { method: 'PUT', body, headers: { 'content-type': 'application/octet-stream' } }, 201);
  }
  const { descriptor, bytes } = image.manifest;
  const put = { method: 'PUT', headers: { 'content-type': descriptor.mediaType }, body: Buffer.from(bytes) };
  for (const reference of tags.length === 0 ? [descriptor.digest] : tags)
    await sent(`${registryUrl}/v2/${path}/manifests/${reference}`, put, 201);
  return descriptor;
}

async function sent(url: string, init: RequestInit, expected: number): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${init.method} ${url}: ${response.status} ${text}`);
  return response;
}

function jsonBlob(document: unknown, mediaType: string): BuiltImage['blobs'][number] {
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, content: blobOf(bytes) };
}

function jsonManifest(document: { readonly mediaType: string; readonly [key: string]: unknown }): Manifest {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType: document.mediaType, digest: digestOf(bytes), size: bytes.length } };
}
