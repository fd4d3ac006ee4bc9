import type { Failure } from './errors.ts';
import { pathBelow, type RepositoryName } from './image/reference.ts';
import {
  filterSnapshot,
  snapshotOf,
  type Snapshot,
  type SnapshotDigest,
  type SnapshotEntry,
} from './image/snapshot.ts';
import type { LoadedManifests } from './manifest/manifest.ts';
import type { SnapshotReader } from './phases/snapshot/held-manifests.ts';
import { indexChildren } from './phases/snapshot/index-children.ts';
import { readRegistry, type RegistryContent } from './phases/snapshot/read-registry.ts';
import { withoutAttached, withoutReferrers } from './phases/snapshot/attached.ts';
import { setup } from './phases/setup.ts';
import type { Context } from './pipeline/phase.ts';
import { wantedSnapshot } from './plan/desired/snapshot.ts';

export type SnapshotRequest = {
  /** The registry, as `host[:port][/path]`. */
  readonly of: RepositoryName;
  /** Only digests with this tag, with all their tags. */
  readonly tag?: string | undefined;
  /** Omits digests without a tag that an index names. */
  readonly minimal: boolean;
  /** Includes signatures, attestations and other attachments. */
  readonly attached: boolean;
};

type SnapshotServices = {
  readonly registry: SnapshotReader;
  /** Reads the manifests, if the snapshot is of wanted images and not of a registry. */
  readonly load?: (() => Promise<LoadedManifests>) | undefined;
};

/** A snapshot; it is complete only if there are no failures. */
export type SnapshotResult = { readonly snapshot: Snapshot; readonly failures: readonly Failure[] };

/** Snapshots on one page: the images that a registry holds, or that manifests want there; then filtered by tag and without children of indexes. */
export async function takeSnapshot(
  { of, tag, minimal, attached }: SnapshotRequest,
  { registry, load }: SnapshotServices,
  context: Context,
): Promise<SnapshotResult> {
  const wanted = load === undefined ? undefined : await setup({ load }).run({}, context);
  const read = async (): Promise<RegistryContent> => {
    const content = await readRegistry(registry, of, context);
    context.emit({ type: 'failures', failures: content.failures });
    context.emit({ type: 'listing-limited', name: of, knowsUntagged: content.knowsUntagged, cut: content.cut });
    return attached ? content : { ...content, held: withoutAttached(content.held, of, context) };
  };
  const content = wanted === undefined ? await read() : undefined;
  const all = wanted === undefined ? heldSnapshot(content, of) : wantedSnapshot(wanted.sets, of);
  const snapshot = tag === undefined ? all : filterSnapshot(all, ({ tags }) => tags.includes(tag));
  const failures = wanted?.failures ?? content?.failures ?? [];
  // an empty snapshot is no failure, but most often the name is misspelt
  if (snapshot.length === 0 && failures.length === 0)
    context.emit({
      type: 'snapshot-empty',
      name: of,
      tag: all.length > 0 ? tag : undefined,
      isOfManifests: load !== undefined,
    });
  const isComplete = !minimal || snapshot.every(({ digests }) => digests.every(isTagged));
  if (isComplete || failures.length > 0) return { snapshot, failures };

  context.emit({ type: 'children-omitted' });
  const there = content ?? (await read());
  if (there.failures.length > 0) return { snapshot, failures: there.failures };
  const untagged = snapshot.flatMap(({ digests }) => digests.filter((image) => !isTagged(image)));
  const some = new Set(untagged.map(({ digest }) => digest));
  const found = await indexChildren(registry, there.held, some, context);
  context.emit({ type: 'failures', failures: found.failures });
  const isKept = (image: SnapshotDigest): boolean => isTagged(image) || !found.children.has(image.digest);
  const kept = filterSnapshot(snapshot, isKept);
  if (attached || found.failures.length > 0) return { snapshot: kept, failures: found.failures };
  return withoutReferrers(registry, there.held, kept, context);
}

function isTagged({ tags }: SnapshotDigest): boolean {
  return tags.length > 0;
}

function heldSnapshot(content: RegistryContent | undefined, of: RepositoryName): Snapshot {
  return snapshotOf(entriesOf(content, of));
}

function* entriesOf(content: RegistryContent | undefined, of: RepositoryName): Generator<SnapshotEntry> {
  for (const [repository, manifests] of content?.held ?? []) {
    const name = pathBelow(of, repository) ?? '';
    for (const [digest, { tags }] of manifests) yield { name, digest, tags };
  }
}
