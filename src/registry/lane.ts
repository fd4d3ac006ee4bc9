import { allOf } from '../all-of.ts';
import type { Clock } from '../clock.ts';
import { isPromotionError, PromotionError } from '../errors.ts';
import type { Meter } from '../http/fetch.ts';
import type { Manifest } from '../image/descriptor.ts';
import type { RepositoryName } from '../image/reference.ts';
import { referenceText } from './distribution-manifests.ts';
import type { ImageTree } from './image-tree.ts';
import type { Call, ManifestReader, ManifestWriter } from './roles.ts';

/** One mirror of one copy: what it needs, and what was sent for it. */
export type CopyTarget = {
  readonly repository: RepositoryName;
  readonly action: 'copy' | 'tag';
  readonly tags: readonly string[];
  readonly isNew: boolean;
};

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
};

/** A lane that counts on `meter` and ends with `signal`, or when it is made to leave. */
export function laneFor(target: CopyTarget, meter: Meter, signal: AbortSignal, sendAll = false): Lane {
  const own = new AbortController();
  return {
    target,
    meter,
    sendAll,
    attempts: 1,
    leave: (reason) => own.abort(reason),
    call: { meter, signal: AbortSignal.any([signal, own.signal]) },
    farewell: { meter, signal },
  };
}

/** How long a registry may take until what was just written can be read; two real ones need up to a second. */
const READ_BACK_WAITS_MS = [250, 1_000, 3_000];

/** Writes the manifests of a tree, children first, the root under its tags last. */
export async function writeManifests(registry: ManifestWriter, lane: Lane, tree: ImageTree): Promise<void> {
  for (const level of tree.levels) {
    await allOf(
      level.map((manifest) =>
        registry.writeManifest(lane.target.repository, manifest.descriptor.digest, manifest, lane.call),
      ),
    );
  }
  await writeRoot(registry, lane, tree.root);
}

/** Writes a manifest whose parts are all there under each of the lane's tags, or under its digest when there are none. */
export async function writeRoot(registry: ManifestWriter, lane: Lane, root: Manifest): Promise<void> {
  const [first, ...others] = referencesOf(lane.target, root);
  // The first tag's PUT is the manifest's own; the others find it there.
  await registry.writeManifest(lane.target.repository, first, root, lane.call);
  await allOf(others.map((tag) => registry.writeManifest(lane.target.repository, tag, root, lane.call)));
}

/** Reads every reference back and throws INCOMPLETE unless each is the root. */
export async function readBack(registry: ManifestReader, lane: Lane, root: Manifest, clock: Clock): Promise<void> {
  await allOf(
    referencesOf(lane.target, root).map((reference) => readReference(registry, lane, reference, root, clock)),
  );
}

function referencesOf({ tags }: CopyTarget, root: Manifest): readonly [string, ...string[]] {
  const [first, ...others] = tags;
  return first === undefined ? [root.descriptor.digest] : [first, ...others];
}

async function readReference(
  registry: ManifestReader,
  lane: Lane,
  reference: string,
  root: Manifest,
  clock: Clock,
): Promise<void> {
  const { repository } = lane.target;
  for (const wait of [...READ_BACK_WAITS_MS, undefined]) {
    const found = await registry.resolveManifest(repository, reference, lane.call);
    if (found?.digest === root.descriptor.digest) return;
    if (wait === undefined) {
      throw new PromotionError(
        'INCOMPLETE',
        `${referenceText(repository, reference)} was written, but reads back as ${found?.digest ?? 'not found'} instead of ${root.descriptor.digest}`,
        {
          side: 'destination',
          hint: 'run again; if it stays so, look at what else writes to this registry',
        },
      );
    }
    await clock.wait(wait, lane.call.signal);
  }
}

/** True when a registry refused a manifest because it does not have its parts. */
export function lacksParts(error: unknown): boolean {
  return isPromotionError(error, 'BLOB_UNKNOWN');
}
