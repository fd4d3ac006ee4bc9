import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../distribution/manifests.ts';
import type {
  BlobReader,
  BlobWriter,
  Call,
  ManifestReader,
  ManifestWriter,
  ReadManifest,
  TagState,
  Written,
} from '../roles.ts';
import { sendBlobs, storeBlobs, type SmallBlob } from './small-blobs.ts';
import type { SubjectQueue } from './lock.ts';

/** A manifest, and what it needs to be stored. */
export type TagContent = { readonly manifest: Manifest; readonly blobs: readonly SmallBlob[] };

/** What a tag is to hold instead of `current`; undefined when it is as it should be. May be asked again with what others made of it. */
export type TagChange = (current: Manifest | undefined) => Promise<TagContent | undefined>;

/** What is needed to read, change and write. */
export type TagRegistry = ManifestReader & ManifestWriter & BlobReader & BlobWriter;

/** Two processes that write the same tag in turns are through with it after as many turns as there are processes. */
const MAX_WRITES = 5;

/**
 * Reads a tag, writes what `change` makes of it, and reads again: what another process put in its place meanwhile is
 * changed anew, so that neither loses. Throws INCOMPLETE when that does not end.
 */
export function updateTag(
  registry: TagRegistry,
  queue: SubjectQueue,
  repository: RepositoryName,
  tag: string,
  change: TagChange,
  call: Call,
): Promise<void> {
  const update = async (): Promise<void> => {
    for (let writes = 0; ; writes++) {
      const current = await registry.readManifest(repository, tag, call);
      const next = await change(current);
      if (next === undefined) return;
      if (writes === MAX_WRITES) throw crowded(referenceText(repository, tag));
      await storeBlobs(registry, repository, next.blobs, call);
      const refused = await writeWithBlobs(registry, repository, tag, next, call, stateOf(current)).catch(tagMove);
      const there = await registry.resolveManifest(repository, tag, call);
      if (there?.digest === next.manifest.descriptor.digest) return;
      // The next turn adds to what another process wrote; a tag that did not change is one that may not.
      if (refused instanceof PromotionError && there?.digest === current?.descriptor.digest) throw refused;
      await queue.pause(writes + 1, call.signal);
    }
  };
  return queue.run(referenceText(repository, tag), update, call.signal);
}

function stateOf(current: ReadManifest | undefined): TagState {
  if (current === undefined) return 'absent';
  return { ...current.descriptor, ...(current.etag !== undefined && { etag: current.etag }) };
}

function tagMove(error: unknown): PromotionError {
  if (isPromotionError(error, 'TAG_MOVE')) return error;
  throw error;
}

/** Writes a manifest whose blobs should be there; where the registry lacks them after all, with them. */
export async function writeWithBlobs(
  registry: TagRegistry,
  repository: RepositoryName,
  reference: string,
  { manifest, blobs }: TagContent,
  call: Call,
  was?: TagState,
): Promise<Written> {
  try {
    return await registry.writeManifest(repository, reference, manifest, call, was);
  } catch (error) {
    if (!isPromotionError(error, 'BLOB_UNKNOWN') || blobs.length === 0) throw error;
    await sendBlobs(registry, repository, blobs, call);
    return registry.writeManifest(repository, reference, manifest, call, was);
  }
}

function crowded(object: string): PromotionError {
  return new PromotionError(
    'INCOMPLETE',
    `${object} was written ${MAX_WRITES} times, and each time something else was there at once`,
    {
      side: 'destination',
      hint: 'let one job at a time sign or replicate to this registry, or give all of them the same --limiter',
    },
  );
}
