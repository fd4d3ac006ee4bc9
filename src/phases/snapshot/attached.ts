import type { Failure } from '../../errors.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { filterSnapshot, type Snapshot } from '../../image/snapshot.ts';
import { eachOf } from '../../async/each-of.ts';
import type { Context } from '../../pipeline/phase.ts';
import { attachedBy, mayRefer } from '../../plan/replication.ts';
import type { ManifestReader } from '../../registry/roles.ts';
import { attachmentOf } from '../../mirroring/attachment.ts';
import type { Held } from './held-manifests.ts';
import { readByHost, REQUESTS_AT_ONCE } from '../reading/read-by-host.ts';
import { unreadable } from '../reading/unreadable.ts';

type HeldByRepository = ReadonlyMap<RepositoryName, Held>;

/** Leaves out tags that attach something to an image, and manifests without other tags; emits their number. */
export function withoutAttached(held: HeldByRepository, of: RepositoryName, { emit }: Context): HeldByRepository {
  let left = 0;
  const kept = new Map<RepositoryName, Held>();
  for (const [repository, manifests] of held) {
    if (![...manifests.values()].some(({ tags }) => tags.some(isAttaching))) {
      kept.set(repository, manifests);
      continue;
    }
    const others: [Digest, { readonly tags: readonly string[] }][] = [];
    for (const [digest, manifest] of manifests) {
      const tags = manifest.tags.filter((tag) => !isAttaching(tag));
      if (tags.length > 0 || manifest.tags.length === 0) others.push([digest, { ...manifest, tags }]);
      else left += 1;
    }
    if (others.length > 0) kept.set(repository, new Map(others));
  }
  if (left > 0) emit({ type: 'attached-omitted', count: left, from: of });
  return kept;
}

function isAttaching(tag: string): boolean {
  return attachedBy(tag) !== undefined;
}

/** Leaves out manifests without a tag that name a subject; emits their number. */
export async function withoutReferrers(
  registry: ManifestReader,
  held: HeldByRepository,
  snapshot: Snapshot,
  context: Context,
): Promise<{ readonly snapshot: Snapshot; readonly failures: readonly Failure[] }> {
  const untagged = new Set(
    snapshot.flatMap(({ digests }) => digests.flatMap(({ digest, tags }) => (tags.length === 0 ? [digest] : []))),
  );
  const attached = new Set<Digest>();
  const read = async (repository: RepositoryName): Promise<void> => {
    const asked = [...(held.get(repository) ?? [])].filter(
      ([digest, { mediaType }]) => untagged.has(digest) && mayRefer(mediaType),
    );
    await eachOf(asked, REQUESTS_AT_ONCE, async ([digest]) => {
      const manifest = await registry.readManifest(repository, digest, context);
      if (manifest !== undefined && attachmentOf(manifest) !== undefined) attached.add(digest);
    });
  };
  const errors = await readByHost('source', untagged.size === 0 ? [] : [...held.keys()], read, context);
  if (attached.size > 0) context.emit({ type: 'attached-omitted', count: attached.size, from: undefined });
  const kept = filterSnapshot(snapshot, ({ digest, tags }) => tags.length > 0 || !attached.has(digest));
  return { snapshot: kept, failures: unreadable(errors) };
}
