import { isIndexType } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Call, ListedManifest } from '../../registry/roles.ts';
import type { ManifestFacts } from './manifest-facts.ts';

/** The list of one repository, its manifests without tag and entry, and the images that the tree wants there. */
type Listed = {
  readonly manifests: ReadonlyMap<Digest, ListedManifest>;
  readonly untagged: readonly (readonly [digest: Digest, manifest: ListedManifest])[];
  readonly wanted: ReadonlySet<Digest>;
};

/** Manifests of one repository that are read at once; many repositories are read beside it. */
const AT_ONCE = 8;

/**
 * Returns the manifests without a tag that belong to no index and to no image of the repository. A platform of an index
 * that only another mirror holds is among them: `facts.isPlatform` is complete once all are read.
 */
export async function untaggedExtras(
  facts: ManifestFacts,
  repository: RepositoryName,
  { manifests, untagged, wanted }: Listed,
  call: Call,
): Promise<readonly Digest[]> {
  if (untagged.length === 0) return [];
  const isIndex = ({ mediaType }: ListedManifest): boolean => mediaType !== undefined && isIndexType(mediaType);
  const children = new Set<Digest>();
  const indexes = [...manifests].filter(([, manifest]) => isIndex(manifest));
  await eachOf(indexes, AT_ONCE, async ([digest]) => {
    for (const child of await facts.childrenOf(repository, digest, call)) if (child !== digest) children.add(child);
  });
  // an attachment belongs to its image, even if the image belongs to no entry
  const isAttached = async (digest: Digest): Promise<boolean> => {
    const subject = await facts.subjectOf(repository, digest, call);
    return subject !== undefined && (manifests.has(subject) || wanted.has(subject));
  };
  /** Each change of a fallback tag leaves the list of referrers that it named before. */
  const isOldList = async (digest: Digest): Promise<boolean> => {
    for (const child of await facts.childrenOf(repository, digest, call)) if (!(await isAttached(child))) return false;
    return true;
  };
  const extras: Digest[] = [];
  await eachOf(untagged, AT_ONCE, async ([digest, manifest]) => {
    if (children.has(digest) || (await isAttached(digest))) return;
    if (!isIndex(manifest) || !(await isOldList(digest))) extras.push(digest);
  });
  return extras;
}
