import { allOf } from '../../async/all-of.ts';
import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { referenceText } from '../distribution/manifests.ts';
import type { CopyTarget, Lane, TagMove } from './lane.ts';
import type { ManifestReader, ManifestWriter } from '../roles.ts';

/** How long a registry may take until what was just written can be read; two real ones need up to a second. */
const READ_BACK_WAITS_MS = [250, 1_000, 3_000];

type Services = { readonly registry: ManifestReader & ManifestWriter; readonly clock: Clock };

/**
 * Reads the root back under each of its references and each manifest below it by digest; `moves` were not written. One
 * below that was acknowledged and is not there is written once more. Throws INCOMPLETE, with its name, for what is not as
 * it was written.
 */
export async function readBack(
  { registry, clock }: Services,
  lane: Lane,
  root: Manifest,
  below: readonly Manifest[],
  moves: readonly TagMove[],
): Promise<void> {
  const { repository } = lane.target;
  const look = (reference: string, manifest: Manifest): Promise<string | undefined> =>
    problemOf(registry, clock, lane, reference, manifest);
  const child = async (manifest: Manifest): Promise<void> => {
    const { digest } = manifest.descriptor;
    if ((await look(digest, manifest)) === undefined) return;
    await registry.writeManifest(repository, digest, manifest, lane.call);
    const problem = await look(digest, manifest);
    if (problem === undefined) return;
    const object = `${referenceText(repository, digest)}, which ${root.descriptor.digest} names,`;
    throw incomplete(`${object} was written twice, but ${problem}`);
  };
  const reference = async (name: string): Promise<void> => {
    const problem = await look(name, root);
    if (problem !== undefined) throw incomplete(`${referenceText(repository, name)} was written, but ${problem}`);
  };
  // Children first: a root that lacks one may be refused to whoever asks for it.
  await allOf([...below.map(child), ...referencesOf(lane.target, root, moves).map(reference)]);
}

/** Returns what the root was written under: the tags but for those that point elsewhere, or its digest if there are none and none follow. */
function referencesOf({ tags, tagsFollow }: CopyTarget, root: Manifest, moves: readonly TagMove[]): readonly string[] {
  if (tagsFollow === true) return [];
  if (tags.length === 0) return [root.descriptor.digest];
  return tags.filter((tag) => moves.every((move) => move.tag !== tag));
}

/** How a manifest reads back, if not as it was written. Waits for registries that show late what they have. */
async function problemOf(
  registry: ManifestReader,
  clock: Clock,
  lane: Lane,
  reference: string,
  manifest: Manifest,
): Promise<string | undefined> {
  for (const wait of [...READ_BACK_WAITS_MS, undefined]) {
    const problem = await problemNow(registry, lane, reference, manifest);
    if (problem === undefined || wait === undefined) return problem;
    await clock.wait(wait, lane.call.signal);
  }
  return undefined;
}

async function problemNow(
  registry: ManifestReader,
  { target: { repository }, call }: Lane,
  reference: string,
  { descriptor: { digest, size } }: Manifest,
): Promise<string | undefined> {
  const found = await registry.resolveManifest(repository, reference, call);
  if (found?.digest !== digest) return `reads back as ${found?.digest ?? 'not found'} instead of ${digest}`;
  if (found.size === undefined || found.size === size) return undefined;
  // A HEAD may tell a wrong length: only the bytes prove that they are others.
  const read = await registry.readManifest(repository, reference, call).catch(unlessOtherBytes);
  return read?.descriptor.digest === digest ? undefined : `reads back with ${found.size} bytes instead of ${size}`;
}

function unlessOtherBytes(error: unknown): undefined {
  if (!isPromotionError(error, 'DIGEST_MISMATCH')) throw error;
}

function incomplete(what: string): PromotionError {
  return new PromotionError('INCOMPLETE', what, {
    side: 'destination',
    hint: 'run again; if it persists, check what else writes to this registry',
  });
}
