import { z } from 'zod';
import { ARTIFACT_MANIFEST, isIndexType, type Descriptor, type Manifest } from './descriptor.ts';
import { digestOf, isDigest, type Digest } from './digest.ts';
import { exactJson, listJson, readManifestJson } from './json.ts';
import { isFilled, isMediaType, UNKNOWN_TYPE } from './manifest-type.ts';

/** A descriptor with all its fields. */
export type OciDescriptor = Descriptor & {
  /** URLs outside of the registry. */
  readonly urls: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** `os/architecture/variant`, as far as stated. */
  readonly platform?: string | undefined;
};

type Common = { readonly artifactType: string | undefined };

/** An image manifest: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md */
type OciImage = Common & {
  readonly kind: 'image';
  readonly config: OciDescriptor;
  readonly layers: readonly OciDescriptor[];
};

/** An index: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md */
export type OciIndex = Common & { readonly kind: 'index'; readonly children: readonly OciDescriptor[] };

/** A manifest that clients may read differently, with the problem as a predicate. */
type Unread = { readonly kind: 'unread'; readonly problem: string };

/** Go reads null as an omitted field. */
const text = z.string().nullish();
const type = text
  .refine((name) => !name || isMediaType(name), 'is not a media type')
  // Go programs write an empty type for an unknown one.
  .transform((name) => name || undefined);
const annotations = z.record(z.string(), z.string()).nullish();

const descriptor = exactJson({
  mediaType: type,
  digest: z.string().refine((name): name is Digest => isDigest(name), 'is not a digest'),
  size: z.int().nonnegative(),
  urls: listJson(z.string()),
  annotations,
  artifactType: text,
  data: text,
  platform: exactJson({
    architecture: text,
    os: text,
    variant: text,
    'os.version': text,
    'os.features': listJson(z.string()),
    features: listJson(z.string()),
  }).nullish(),
})
  .refine(isEmbedded, { error: 'is not the content that its digest names', path: ['data'] })
  .transform(({ mediaType = UNKNOWN_TYPE, digest, size, urls, platform, ...more }): OciDescriptor => {
    const name = [platform?.os, platform?.architecture, platform?.variant].filter(Boolean).join('/');
    return { mediaType, digest, size, urls, annotations: more.annotations ?? {}, platform: name || undefined };
  });

/** A client may use embedded content instead of the stored blob (image-spec, descriptor.md). */
function isEmbedded({
  data,
  digest,
  size,
}: {
  data?: string | null | undefined;
  digest: Digest;
  size: number;
}): boolean {
  if (!data) return true;
  const bytes = Buffer.from(data, 'base64');
  return bytes.toString('base64') === data && bytes.length === size && digestOf(bytes, digest) === digest;
}

/** Content that a registry must hold: no client may fetch it from elsewhere. */
const here = descriptor.refine(({ urls }) => urls.length === 0, {
  error: 'may not be kept outside of the registry',
  path: ['urls'],
});

// One set of names for both kinds: a name that differs only in case from a field of the other kind is rejected as well.
const common = {
  schemaVersion: z.literal(2),
  mediaType: type,
  artifactType: type,
  annotations,
  subject: z.unknown().optional(),
  config: z.unknown().optional(),
  layers: z.unknown().optional(),
  manifests: z.unknown().optional(),
};
const image = exactJson({ ...common, config: here, layers: listJson(descriptor) }).transform(
  ({ artifactType, config, layers }): OciImage => ({ kind: 'image', config, layers, artifactType }),
);
const index = exactJson({ ...common, manifests: listJson(here) }).transform(
  ({ artifactType, manifests }): OciIndex => ({ kind: 'index', children: manifests, artifactType }),
);

/** An integer in a form that Go rejects. */
const ODD_INTEGER = /"(?:size|schemaVersion)"\s{0,9}:\s{0,9}-?\d+[.eE]/;

/** Parses a manifest. Rejects one that other clients read differently, with the reason. */
export function readOci({ descriptor: { mediaType }, bytes, servedAs }: Manifest): OciImage | OciIndex | Unread {
  if (servedAs !== undefined) return unread(`is served as ${servedAs}, but states another type`);
  const read = readManifestJson(bytes);
  if ('problem' in read) return unread(read.problem);
  const { value } = read;
  if (!isBody(value)) return unread('is not a JSON object');
  if (isBoth(value)) return unread('names layers or a config as well as manifests');
  const parsed = (isIndexType(mediaType) ? index : image).safeParse(value);
  if (!parsed.success) return unread(problemOf(value, parsed.error));
  if (ODD_INTEGER.test(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')))
    return unread('writes an integer with a fraction or an exponent');
  return parsed.data;
}

function unread(problem: string): Unread {
  return { kind: 'unread', problem };
}

/** The fields that are checked before the kind of a manifest is known. */
type Body = { readonly [key in 'schemaVersion' | 'mediaType' | 'config' | 'layers' | 'manifests']?: unknown };

function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A manifest that is both: one client would run the layers and another one the children (GHSA-mc8v-mgrf-8f4m). */
function isBoth({ config, layers, manifests }: Body): boolean {
  return isFilled(manifests) && (isFilled(layers) || (config !== undefined && config !== null));
}

function problemOf({ schemaVersion, mediaType }: Body, { issues: [issue] }: z.ZodError): string {
  if (mediaType === ARTIFACT_MANIFEST) return 'is a deprecated OCI artifact manifest';
  if (schemaVersion === 1) return 'is an image of schema version 1';
  const place = issue?.path.join('.') ?? '';
  return `is not an image manifest or index of schema version 2: ${place} ${issue?.message ?? 'is invalid'}`;
}
