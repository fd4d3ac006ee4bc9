import type { Failure } from './errors.ts';
import { hostOf, pathBelow, type RepositoryName } from './image/reference.ts';
import { filterSnapshot, snapshotOf, type Snapshot, type SnapshotDigest } from './image/snapshot.ts';
import type { LoadedManifests } from './manifest/manifest.ts';
import type { SnapshotReader } from './phases/held-manifests.ts';
import { indexChildren } from './phases/index-children.ts';
import { readRegistry, type RegistryContent } from './phases/read-registry.ts';
import { setup } from './phases/setup.ts';
import { tellFailures } from './phases/tell.ts';
import type { Context } from './pipeline/phase.ts';
import { wantedSnapshot } from './plan/snapshot.ts';

export type SnapshotRequest = {
  /** The registry, as `host[:port][/path]`. */
  readonly of: RepositoryName;
  /** Only what has this tag, with all its tags. */
  readonly tag?: string;
  /** Without digests that have no tag and stand in an index. */
  readonly minimal: boolean;
};

export type SnapshotServices = {
  readonly registry: SnapshotReader;
  /** Reads the manifests, where the snapshot is of what they want and not of what is there. */
  readonly load?: () => Promise<LoadedManifests>;
};

/** A snapshot; it is complete only where there are no failures. */
export type SnapshotResult = { readonly snapshot: Snapshot; readonly failures: readonly Failure[] };

/** Snapshots on one page: what a registry holds, or what manifests want there; then only what has a tag, without children of indexes. */
export async function takeSnapshot(
  { of, tag, minimal }: SnapshotRequest,
  { registry, load }: SnapshotServices,
  context: Context,
): Promise<SnapshotResult> {
  const wanted = load === undefined ? undefined : await setup({ load }).run(undefined, context);
  const content = wanted === undefined ? await readAll(registry, of, context) : undefined;
  const all = wanted === undefined ? heldSnapshot(content, of, context) : wantedSnapshot(wanted.sets, of);
  const snapshot = tag === undefined ? all : filterSnapshot(all, ({ tags }) => tags.includes(tag));
  const failures = wanted?.failures ?? content?.failures ?? [];
  const isComplete = !minimal || snapshot.every(({ digests }) => digests.every(isTagged));
  if (isComplete || failures.length > 0) return { snapshot, failures };

  context.narrate({ type: 'log', level: 'info', message: 'removing tagless child digests of manifest lists' });
  const there = content ?? (await readAll(registry, of, context));
  if (there.failures.length > 0) return { snapshot, failures: there.failures };
  const found = await indexChildren(registry, there.held, context);
  tellFailures(found.failures, context);
  const isKept = (image: SnapshotDigest): boolean => isTagged(image) || !found.children.has(image.digest);
  return { snapshot: filterSnapshot(snapshot, isKept), failures: found.failures };
}

function isTagged({ tags }: SnapshotDigest): boolean {
  return tags.length > 0;
}

async function readAll(registry: SnapshotReader, of: RepositoryName, context: Context): Promise<RegistryContent> {
  const content = await readRegistry(registry, of, context);
  tellFailures(content.failures, context);
  return content;
}

function heldSnapshot(content: RegistryContent | undefined, of: RepositoryName, { narrate }: Context): Snapshot {
  if (content?.knowsUntagged === false) {
    const message = `${hostOf(of)} tells of tags only: digests without a tag are not in the snapshot`;
    narrate({ type: 'log', level: 'warning', message });
  }
  const entries = [...(content?.held ?? [])].flatMap(([repository, manifests]) => {
    const name = pathBelow(of, repository) ?? '';
    return [...manifests].map(([digest, { tags }]) => ({ name, digest, tags }));
  });
  return snapshotOf(entries);
}
