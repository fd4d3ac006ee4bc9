import { isPromotionError, type Failure } from '../../errors.ts';
import { isIndexType } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { nodeOf } from '../../registry/image/image-node.ts';
import type { ManifestReader } from '../../registry/roles.ts';
import type { Held } from './held-manifests.ts';
import { readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';

/** Returns those of some digests that an index of these repositories names. Reads each index once. */
export async function indexChildren(
  registry: ManifestReader,
  held: ReadonlyMap<RepositoryName, Held>,
  some: ReadonlySet<Digest>,
  context: Context,
): Promise<{ readonly children: ReadonlySet<Digest>; readonly failures: readonly Failure[] }> {
  const children = new Set<Digest>();
  const asked = new Set<Digest>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const indexes = indexesOf(held.get(repository)).filter((digest) => !asked.has(digest));
    for (const digest of indexes) asked.add(digest);
    await eachOf(indexes, REQUESTS_AT_ONCE, async (digest) => {
      for (const child of await childrenOf(registry, repository, digest, context))
        if (some.has(child)) children.add(child);
    });
  };
  const errors = await readByHost('source', [...held.keys()], read, context);
  return { children, failures: unreadable(errors) };
}

// a manifest of unknown type may be an index
function indexesOf(held: Held = new Map()): Digest[] {
  const indexes = [...held].filter(([, { mediaType }]) => mediaType === undefined || isIndexType(mediaType));
  return indexes.map(([digest]) => digest);
}

async function childrenOf(
  registry: ManifestReader,
  repository: RepositoryName,
  digest: Digest,
  context: Context,
): Promise<readonly Digest[]> {
  const manifest = await registry.readManifest(repository, digest, context);
  if (manifest === undefined) return [];
  try {
    return nodeOf(manifest, repository).children.map((child) => child.digest);
  } catch (error) {
    // an unsupported index must not fail the snapshot of all others
    if (!isPromotionError(error, 'UNSUPPORTED_MANIFEST')) throw error;
    context.emit({ type: 'index-unsupported', reason: error.message });
    return [];
  }
}
