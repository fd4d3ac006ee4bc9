import { z } from 'zod';
import { MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { digestJson, exactJson, manifestJsonIn } from '../../image/json.ts';
import type { Referrer } from '../roles.ts';

/** The tag that lists what refers to a manifest on registries that do not (distribution-spec 1.1, «Referrers Tag Schema»). */
export function fallbackTag(subject: Digest): string {
  // A sha512 is cut: the specification allows 64 characters, and a tag would have room for 128.
  return subject.replace(':', '-').slice(0, 'sha256-'.length + 64);
}

// An image-spec descriptor; Go programs write null for what is empty.
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

/** The referrers that an index lists, as they stand there; undefined when the bytes are no index, `broken` counts entries that name no manifest. */
export function referrersIn(
  bytes: Uint8Array,
): { readonly referrers: readonly Referrer[]; readonly broken: number } | undefined {
  const index = indexIn(bytes);
  if (index === undefined) return undefined;
  const entries = index.manifests ?? [];
  const referrers = entries.flatMap((entry) => referrerOf(entry) ?? []);
  return { referrers, broken: entries.length - referrers.length };
}

/** The referrers that the fallback tag's manifest lists; none where it is something else. Entries that name no manifest cannot be followed, and are left out. */
export function fallbackReferrers(tagged: Manifest | undefined, subject: Digest): readonly Referrer[] {
  return tagged !== undefined && isFallbackIndex(tagged, subject) ? (referrersIn(tagged.bytes)?.referrers ?? []) : [];
}

/** The fallback index with one entry more behind those that it has, all of them untouched but those that are `gone`; undefined when it is there. */
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
    ...(annotations !== undefined && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
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

// GitLab reads the tag as the digest that it spells: then it is the subject itself that comes, and may be an index.
function isFallbackIndex({ descriptor }: Manifest, subject: Digest): boolean {
  return descriptor.mediaType === MEDIA_TYPES.ociIndex && descriptor.digest !== subject;
}

/** The referrer that an entry of an index names; undefined if it names none. */
export function referrerOf(entry: unknown): Referrer | undefined {
  const { data } = ReferrerJson.safeParse(entry);
  if (data === undefined) return undefined;
  const { mediaType, digest, size, artifactType, annotations } = data;
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === 'string' && { artifactType }),
    ...(typeof annotations === 'object' && annotations !== null && { annotations }),
  };
}

/** True for a field that only an index has without a list of manifests: Go programs leave an empty one out, or write null. */
export function showsIndex(key: string, value: unknown): boolean {
  return (key === 'schemaVersion' && value === 2) || (key === 'manifests' && value === null);
}

function indexIn(bytes: Uint8Array): IndexJson | undefined {
  return IndexJson.safeParse(manifestJsonIn(bytes)).data;
}
