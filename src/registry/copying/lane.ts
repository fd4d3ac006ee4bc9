import { allOf } from '../../async/all-of.ts';
import { isPromotionError } from '../../errors.ts';
import type { Meter } from '../../http/fetch.ts';
import type { Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { ImageTree } from '../image/image-tree.ts';
import type { Call, ManifestReader, ManifestWriter, TagState } from '../roles.ts';

/** One mirror of one copy: what it needs, and what was sent for it. */
export type CopyTarget = {
  readonly repository: RepositoryName;
  readonly action: 'copy' | 'tag';
  readonly tags: readonly string[];
  readonly isNew: boolean;
  /** True if another copy writes the tags, and reads the image back then. */
  readonly tagsFollow?: boolean;
  /** Whether a tag may be moved from the digest it points to; never unless given. */
  readonly mayReplace?: (current: Digest) => Promise<boolean>;
};

/** A tag that points to another digest and was left as it is. */
export type TagMove = { readonly tag: string; readonly current: Digest };

/** A target at work. `leave` ends what it is doing; `attempts` counts how often it had to begin anew. */
export type Lane = {
  readonly target: CopyTarget;
  readonly meter: Meter;
  readonly call: Call;
  /** For what is still to be tidied up after the lane has left. */
  readonly farewell: Call;
  readonly leave: (reason: unknown) => void;
  /** The registry turned out to lack blobs that it claimed: its word is no longer taken, every blob is sent. */
  readonly sendAll: boolean;
  attempts: number;
  /** Every write was acknowledged. */
  isWritten: boolean;
};

/** A lane that counts on `meter` and ends with `signal`, or when it is made to leave. */
export function laneFor(target: CopyTarget, meter: Meter, signal: AbortSignal, sendAll = false): Lane {
  const own = new AbortController();
  return {
    target,
    meter,
    sendAll,
    attempts: 1,
    isWritten: false,
    leave: (reason) => own.abort(reason),
    call: { meter, signal: AbortSignal.any([signal, own.signal]) },
    farewell: { meter, signal },
  };
}

/** Writes the manifests of a tree, children first, the root under its tags last; returns the tags that were not written. */
export async function writeManifests(
  registry: ManifestReader & ManifestWriter,
  lane: Lane,
  tree: ImageTree,
): Promise<readonly TagMove[]> {
  for (const level of tree.levels) {
    await allOf(
      level.map((manifest) =>
        registry.writeManifest(lane.target.repository, manifest.descriptor.digest, manifest, lane.call),
      ),
    );
  }
  return writeRoot(registry, lane, tree.root);
}

/**
 * Writes a manifest whose parts are all there under each of the lane's tags, or under its digest if there are none. Each
 * tag is read first, since a list is no proof that it is free: one that holds the manifest is not written again, and one
 * that points to another digest is returned instead.
 */
export async function writeRoot(
  registry: ManifestReader & ManifestWriter,
  lane: Lane,
  root: Manifest,
): Promise<readonly TagMove[]> {
  const { repository, tags, mayReplace = async () => false } = lane.target;
  const { digest } = root.descriptor;
  const look = async (tag: string): Promise<Free | TagMove | undefined> => {
    const there = await registry.resolveManifest(repository, tag, lane.call);
    if (there?.digest === digest) return undefined;
    if (there === undefined || (await mayReplace(there.digest))) return { reference: tag, was: there ?? 'absent' };
    return { tag, current: there.digest };
  };
  const looked = (await allOf(tags.map(look))).filter((found) => found !== undefined);
  const free: readonly Free[] =
    tags.length === 0 ? [{ reference: digest }] : looked.filter((found) => 'reference' in found);
  const write = ({ reference, was }: Free): Promise<unknown> =>
    registry.writeManifest(repository, reference, root, lane.call, was);
  const [first, ...others] = free;
  // The first tag's PUT is the manifest's own; the others find it there.
  if (first !== undefined) await write(first);
  await allOf(others.map(write));
  return looked.filter((found) => 'tag' in found);
}

/** A reference that may be written, and the state in which it was seen. */
type Free = { readonly reference: string; readonly was?: TagState };

/** True when a registry refused a manifest because it does not have its parts. */
export function lacksParts(error: unknown): boolean {
  return isPromotionError(error, 'BLOB_UNKNOWN');
}
