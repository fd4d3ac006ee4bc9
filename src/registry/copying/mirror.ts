import { allOf } from '../../async/all-of.ts';
import { isPromotionError } from '../../errors.ts';
import type { Meter } from '../../http/fetch.ts';
import type { Manifest } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { Target } from '../../image/target.ts';
import type { ImageTree } from '../image/image-tree.ts';
import type { Call, ManifestReader, ManifestWriter, TagState } from '../roles.ts';

/** A target of one copy, and how its tags are written. */
export type CopyTarget = Target & {
  /** True if another copy writes the tags later and reads the image back then. */
  readonly tagsFollow?: boolean;
  /** Decides whether a tag may be moved from the digest that it points to. Default: never. */
  readonly mayReplace?: (current: Digest) => Promise<boolean>;
};

/** A tag that points to another digest and was left unchanged. */
export type TagMove = { readonly tag: string; readonly current: Digest };

/** A target that is being copied to. `stop` stops its work; `attempts` counts its attempts. */
export type Mirror = {
  readonly target: CopyTarget;
  readonly meter: Meter;
  readonly call: Call;
  /** For cleanup requests after the work was stopped. */
  readonly cleanup: Call;
  readonly stop: (reason: unknown) => void;
  /** The registry turned out to lack blobs that it claimed to have: every blob is uploaded. */
  readonly sendAll: boolean;
  attempts: number;
  /** True after every write was acknowledged. */
  isWritten: boolean;
};

/** Creates the state of a target, which counts requests on `meter` and ends with `signal` or `stop`. */
export function mirrorFor(target: CopyTarget, meter: Meter, signal: AbortSignal, sendAll = false): Mirror {
  const own = new AbortController();
  return {
    target,
    meter,
    sendAll,
    attempts: 1,
    isWritten: false,
    stop: (reason) => own.abort(reason),
    call: { meter, signal: AbortSignal.any([signal, own.signal]) },
    cleanup: { meter, signal },
  };
}

/**
 * Writes the manifests of a tree, children first, the root under its tags last. Returns the tags that were not written.
 */
export async function writeManifests(
  registry: ManifestReader & ManifestWriter,
  mirror: Mirror,
  tree: ImageTree,
): Promise<readonly TagMove[]> {
  for (const level of tree.levels) {
    await allOf(
      level.map((manifest) =>
        registry.writeManifest(mirror.target.repository, manifest.descriptor.digest, manifest, mirror.call),
      ),
    );
  }
  return writeRoot(registry, mirror, tree.root);
}

/**
 * Writes a manifest whose parts exist under each of the target's tags, or under its digest if there are none. Reads
 * each tag first, since a list does not prove that it is free. A tag that has the manifest is not written again; one
 * that points to another digest is returned instead.
 */
export async function writeRoot(
  registry: ManifestReader & ManifestWriter,
  mirror: Mirror,
  root: Manifest,
): Promise<readonly TagMove[]> {
  const { repository, tags, mayReplace = async () => false } = mirror.target;
  const { digest } = root.descriptor;
  const look = async (tag: string): Promise<Free | TagMove | undefined> => {
    const there = await registry.resolveManifest(repository, tag, mirror.call);
    if (there?.digest === digest) return undefined;
    if (there === undefined || (await mayReplace(there.digest))) return { reference: tag, was: there ?? 'absent' };
    return { tag, current: there.digest };
  };
  const looked = (await allOf(tags.map(look))).filter((found) => found !== undefined);
  const free: readonly Free[] =
    tags.length === 0 ? [{ reference: digest }] : looked.filter((found) => 'reference' in found);
  const write = ({ reference, was }: Free): Promise<unknown> =>
    registry.writeManifest(repository, reference, root, mirror.call, was);
  const [first, ...others] = free;
  // The PUT of the first tag also stores the manifest; the others find it there.
  if (first !== undefined) await write(first);
  await allOf(others.map(write));
  return looked.filter((found) => 'tag' in found);
}

/** A reference that may be written, and its state when it was read. */
type Free = { readonly reference: string; readonly was?: TagState };

/** Returns true if a registry rejected a manifest because its parts are missing. */
export function lacksParts(error: unknown): boolean {
  return isPromotionError(error, 'BLOB_UNKNOWN');
}
