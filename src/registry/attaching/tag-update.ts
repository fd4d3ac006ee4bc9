import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import { referenceText } from '../request.ts';
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
import type { SubjectLock } from './lock.ts';

/** A manifest and the blobs that it needs. */
export type TagContent = { readonly manifest: Manifest; readonly blobs: readonly SmallBlob[] };

/**
 * Returns the content that the tag should have instead of `current`; undefined if it needs no change. May be called
 * again with the content that another process wrote.
 */
export type TagChange = (current: Manifest | undefined) => Promise<TagContent | undefined>;

/** The parts of a registry that updating a tag needs. */
export type TagRegistry = ManifestReader & ManifestWriter & BlobReader & BlobWriter;

/** Attempts to write one tag. Processes that write it in turns are done after as many turns as there are processes. */
const MAX_WRITES = 5;

/**
 * Reads a tag, writes the result of `change`, and reads it back. If another process replaced the tag meanwhile, changes
 * that content again, so that neither change is lost. Throws INCOMPLETE if that happens in every attempt. Returns the
 * digest that was written; undefined if nothing had to be.
 */
export function updateTag(
  registry: TagRegistry,
  lock: SubjectLock,
  repository: RepositoryName,
  tag: string,
  change: TagChange,
  call: Call,
): Promise<Digest | undefined> {
  const update = async (): Promise<Digest | undefined> => {
    for (let writes = 0; ; writes++) {
      const current = await registry.readManifest(repository, tag, call);
      const next = await change(current);
      if (next === undefined) return undefined;
      if (writes === MAX_WRITES) throw crowded(referenceText(repository, tag));
      await storeBlobs(registry, repository, next.blobs, call);
      const refused = await writeWithBlobs(registry, repository, tag, next, call, stateOf(current)).catch(tagMove);
      const there = await registry.resolveManifest(repository, tag, call);
      if (there?.digest === next.manifest.descriptor.digest) return there.digest;
      // The next turn adds to what another process wrote; a tag that has not changed must not be written.
      if (refused instanceof PromotionError && there?.digest === current?.descriptor.digest) throw refused;
      await lock.pause(writes + 1, call.signal);
    }
  };
  return lock.run(referenceText(repository, tag), update, call.signal);
}

function stateOf(current: ReadManifest | undefined): TagState {
  if (current === undefined) return 'absent';
  return { ...current.descriptor, etag: current.etag };
}

function tagMove(error: unknown): PromotionError {
  if (isPromotionError(error, 'TAG_MOVE')) return error;
  throw error;
}

/** Writes a manifest whose blobs should exist; if the registry lacks them after all, uploads them first. */
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
    `${object} was written ${MAX_WRITES} times, and each time another process replaced it at once`,
    {
      side: 'destination',
      hint: 'run one job at a time that signs or replicates to this registry, or run all of them with the same --limiter',
    },
  );
}
