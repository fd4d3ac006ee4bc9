import { PromotionError } from '../../errors.ts';
import { isIndexType, MEDIA_TYPES, type Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { readOci, type OciDescriptor, type OciIndex } from '../../image/oci.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../request.ts';
import { MAX_MANIFESTS, unsupported } from './image-node.ts';

/** Reads a manifest of one repository; resolves to undefined if it is missing. */
export type ReadManifestOf = (digest: Digest) => Promise<Manifest | undefined>;

/**
 * Returns the images and indexes that an index names, each once; undefined for a manifest that is not an index. Skips
 * only BuildKit's attestations whose manifest shows that no client could run them
 * (https://docs.docker.com/build/metadata/attestations/attestation-storage/). Throws UNSUPPORTED_MANIFEST for an index
 * that clients read in different ways.
 */
export async function platformsOf(
  manifest: Manifest,
  repository: RepositoryName,
  read: ReadManifestOf,
): Promise<readonly OciDescriptor[] | undefined> {
  if (!isIndexType(manifest.descriptor.mediaType)) return undefined;
  const index = readOci(manifest);
  if (index.kind !== 'index')
    throw unsupported(repository, manifest, index.kind === 'unread' ? index.problem : 'is not an index');
  if (index.children.length > MAX_MANIFESTS)
    throw unsupported(repository, manifest, `names more than ${MAX_MANIFESTS} manifests`);
  const claimed = claimedIn(index);
  const shown = await Promise.all(
    [...claimed].map(async (digest) => ({ digest, is: isAttestation(await read(digest)) })),
  );
  const attestations = new Set(shown.flatMap(({ digest, is }) => (is ? [digest] : [])));
  const platforms = index.children.filter(({ digest }) => !attestations.has(digest));
  return [...new Map(platforms.map((child) => [child.digest, child])).values()];
}

/**
 * Returns the children that every entry describes as the attestation of a sibling that is not an attestation itself.
 */
function claimedIn({ children }: OciIndex): ReadonlySet<Digest> {
  const isClaim = ({ annotations }: OciDescriptor): boolean =>
    annotations['vnd.docker.reference.type'] === 'attestation-manifest';
  const images = new Set<string>(children.filter((child) => !isClaim(child)).map(({ digest }) => digest));
  const claims = children.filter((child) => isClaim(child) && !images.has(child.digest));
  const ofSiblings = claims.filter((one) => images.has(one.annotations['vnd.docker.reference.digest'] ?? ''));
  return new Set(ofSiblings.map(({ digest }) => digest));
}

const IN_TOTO_LAYER = 'application/vnd.in-toto+json';

function isAttestation(manifest: Manifest | undefined): boolean {
  if (manifest === undefined) return false;
  const image = readOci(manifest);
  return (
    image.kind === 'image' &&
    image.layers.length > 0 &&
    image.layers.every(({ mediaType }) => mediaType === IN_TOTO_LAYER)
  );
}

const IMAGE_TYPES: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];

/**
 * Returns an image, or an index with all images and indexes below it, each digest once and after its children. Throws
 * NOT_FOUND if an index below it is missing.
 */
export async function imagesIn(
  root: Manifest,
  repository: RepositoryName,
  read: ReadManifestOf,
): Promise<readonly OciDescriptor[]> {
  const found = new Map<Digest, OciDescriptor>();
  const begun = new Set([root.descriptor.digest]);
  const follow = async (manifest: Manifest, named: Partial<OciDescriptor> = {}): Promise<void> => {
    for (const child of (await platformsOf(manifest, repository, read)) ?? []) {
      if (begun.has(child.digest)) continue;
      begun.add(child.digest);
      // A child without a media type may be an index as well.
      if (IMAGE_TYPES.includes(child.mediaType)) found.set(child.digest, child);
      else await follow(await there(child.digest, repository, read), child);
    }
    found.set(manifest.descriptor.digest, { urls: [], annotations: {}, ...named, ...manifest.descriptor });
  };
  await follow(root);
  return [...found.values()];
}

async function there(digest: Digest, repository: RepositoryName, read: ReadManifestOf): Promise<Manifest> {
  const manifest = await read(digest);
  if (manifest !== undefined) return manifest;
  throw new PromotionError('NOT_FOUND', `the index ${referenceText(repository, digest)} is missing below another one`, {
    hint: 'push the index with all its platforms again',
  });
}
