import { isIndexType } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referrersIn } from '../registry/referrer-index.ts';
import type { Call, ManifestReader } from '../registry/roles.ts';

/** A digest and, of an index, all manifests below it, each once; none where the repository does not hold it. */
export async function subjectsOf(
  registry: ManifestReader,
  repository: RepositoryName,
  digest: Digest,
  call: Call,
): Promise<readonly Digest[]> {
  const found = new Set<Digest>();
  const follow = async (one: Digest): Promise<void> => {
    const manifest = await registry.readManifest(repository, one, call);
    if (manifest === undefined) return;
    found.add(one);
    if (!isIndexType(manifest.descriptor.mediaType)) return;
    // an index lists its children as a list of referrers does
    const children = referrersIn(manifest.bytes)?.referrers ?? [];
    const indexes = children.filter((child) => isIndexType(child.mediaType) && !found.has(child.digest));
    for (const child of children) found.add(child.digest);
    await Promise.all(indexes.map((child) => follow(child.digest)));
  };
  await follow(digest);
  return [...found];
}
