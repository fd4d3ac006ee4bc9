import type { ObjectId } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';

/** The files of a history, a few commits at a time. */
export type BlobReader = {
  /** Makes the files of the next group readable. */
  next(): Promise<void>;
  /** Returns the bytes of a file of this group or of the current tree; undefined for a file that is not read. */
  get(id: ObjectId): Uint8Array | undefined;
  /** In bytes; 0 if unknown. */
  size(id: ObjectId): number;
};

/** In bytes: as much of a history is in memory at once. A commit of production's tree changes about 1 MB. */
const MAX_AHEAD = 32 * 1024 * 1024;
/** In bytes, as for the files of a tree: larger ones are not parsed. */
export const MAX_FILE = 8 * 1024 * 1024;

/** Returns a reader of these groups of objects, which one process of git reads in large portions. */
export async function blobReader(
  git: Pick<GitRepository, 'read' | 'sizes'>,
  groups: readonly (readonly ObjectId[])[],
): Promise<BlobReader> {
  const sizes = await git.sizes(groups.flat());
  const size = (id: ObjectId): number => sizes.get(id) ?? 0;
  // an object is kept until the last group that names it
  const last = new Map(groups.flatMap((group, index) => group.map((id): [ObjectId, number] => [id, index])));
  let held = new Map<ObjectId, Uint8Array>();
  let [at, read] = [-1, 0];
  return {
    size,
    get: (id) => held.get(id),
    next: async () => {
      at += 1;
      if (at < read) return;
      const wanted = new Set<ObjectId>();
      for (let bytes = 0; read < groups.length && (bytes < MAX_AHEAD || read <= at); read++)
        for (const id of groups[read] ?? [])
          if (!held.has(id) && !wanted.has(id) && size(id) <= MAX_FILE) {
            wanted.add(id);
            bytes += size(id);
          }
      held = new Map([...held].filter(([id]) => (last.get(id) ?? 0) >= at));
      for (const [id, bytes] of await git.read([...wanted])) held.set(id, bytes);
    },
  };
}
