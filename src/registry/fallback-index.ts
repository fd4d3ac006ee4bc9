import { z } from 'zod';
import { MEDIA_TYPES, type Manifest } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { digestJson, exactJson, manifestJsonIn } from '../image/json.ts';
import type { Referrer } from './roles.ts';

/**
 * Returns the tag that lists a manifest's referrers on registries without the referrers API (distribution-spec 1.1,
 * «Referrers Tag Schema»).
 */
export function fallbackTag(subject: Digest): string {
  // A sha512 is truncated to 64 characters as the specification says; a tag would have room for 128.
  return subject.replace(':', '-').slice(0, 'sha256-'.length + 64);
}

// An image-spec descriptor; Go programs write null for an empty field.
const ReferrerJson = exactJson({
  mediaType: z.string(),
  digest: digestJson,
  size: z.number(),
  artifactType: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

const IndexJson = exactJson({
  schemaVersion: z.unknown().optional(),
  manifests: z.array(z.unknown()).nullish(),
}).refine(({ schemaVersion, manifests }) => manifests !== undefined || schemaVersion === 2);
type IndexJson = z.infer<typeof IndexJson>;

/**
 * Returns the referrers that the manifest of a fallback tag lists; an empty list if it is not such an index. Skips
 * entries that are not valid descriptors.
 */
export function fallbackReferrers(tagged: Manifest | undefined, subject: Digest): readonly Referrer[] {
  const index = tagged !== undefined && isFallbackIndex(tagged, subject) ? indexIn(tagged.bytes) : undefined;
  return (index?.manifests ?? []).flatMap((entry) => referrerOf(entry) ?? []);
}

/**
 * Returns the fallback index with one more entry at its end and without the entries that are `gone`; the others stay
 * unchanged. Returns undefined if the entry is already there.
 */
export function withReferrer(
  tagged: Manifest | undefined,
  subject: Digest,
  { mediaType, digest, size, annotations, artifactType }: Referrer,
  gone: ReadonlySet<Digest> = new Set(),
): Manifest | undefined {
  const index = tagged !== undefined && isFallbackIndex(tagged, subject) ? indexIn(tagged.bytes) : undefined;
  const listed = index?.manifests ?? [];
  if (listed.some((entry) => referrerOf(entry)?.digest === digest)) return undefined;
  const isGone = (entry: unknown): boolean => {
    const named = referrerOf(entry);
    return named !== undefined && gone.has(named.digest);
  };
  const entries = listed.filter((entry) => !isGone(entry));
  const added = {
    mediaType,
    digest,
    size,
    annotations,
    artifactType,
  };
  const changed = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    ...index,
    manifests: [...entries, added],
  };
  const bytes = Buffer.from(JSON.stringify(changed));
  return { bytes, descriptor: { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(bytes), size: bytes.length } };
}

// GitLab reads the tag as the digest that it spells: it then returns the subject itself, which may be an index.
function isFallbackIndex({ descriptor }: Manifest, subject: Digest): boolean {
  return descriptor.mediaType === MEDIA_TYPES.ociIndex && descriptor.digest !== subject;
}

/** Returns the referrer that an entry of an index describes; undefined if the entry is not a valid descriptor. */
export function referrerOf(entry: unknown): Referrer | undefined {
  const { data } = ReferrerJson.safeParse(entry);
  if (data === undefined) return undefined;
  const { mediaType, digest, size, artifactType, annotations } = data;
  return {
    mediaType,
    digest,
    size,
    artifactType: artifactType ?? undefined,
    annotations: annotations ?? undefined,
  };
}

/**
 * Returns true for a field that, without a list of manifests, only an index has: Go programs omit an empty list or
 * write null.
 */
export function showsIndex(key: string, value: unknown): boolean {
  return (key === 'schemaVersion' && value === 2) || (key === 'manifests' && value === null);
}

function indexIn(bytes: Uint8Array): IndexJson | undefined {
  return IndexJson.safeParse(manifestJsonIn(bytes)).data;
}
