import { allOf } from '../../async/all-of.ts';
import type { Clock } from '../../clock.ts';
import { isPromotionError, PromotionError } from '../../errors.ts';
import type { Manifest } from '../../image/descriptor.ts';
import { referenceText } from '../request.ts';
import type { CopyTarget, Mirror, TagMove } from './mirror.ts';
import type { ManifestReader, ManifestWriter } from '../roles.ts';

/**
 * Waits before another read of what was just written; two real registries need up to a second to show it. In
 * milliseconds.
 */
const READ_BACK_WAITS_MS = [250, 1_000, 3_000];

type Services = { readonly registry: ManifestReader & ManifestWriter; readonly clock: Clock };

/**
 * Reads the root back under each of its references, and each manifest below it by digest; `moves` are tags that were
 * not written. A manifest below the root that was acknowledged but is missing is written once more. Throws INCOMPLETE,
 * with its name, for a manifest that differs from what was written.
 */
export async function readBack(
  { registry, clock }: Services,
  mirror: Mirror,
  root: Manifest,
  below: readonly Manifest[],
  moves: readonly TagMove[],
): Promise<void> {
  const { repository } = mirror.target;
  const look = (reference: string, manifest: Manifest): Promise<string | undefined> =>
    problemOf(registry, clock, mirror, reference, manifest);
  const child = async (manifest: Manifest): Promise<void> => {
    const { digest } = manifest.descriptor;
    if ((await look(digest, manifest)) === undefined) return;
    await registry.writeManifest(repository, digest, manifest, mirror.call);
    const problem = await look(digest, manifest);
    if (problem === undefined) return;
    const object = `${referenceText(repository, digest)}, which ${root.descriptor.digest} names,`;
    throw incomplete(`${object} was written twice, but ${problem}`);
  };
  const reference = async (name: string): Promise<void> => {
    const problem = await look(name, root);
    if (problem !== undefined) throw incomplete(`${referenceText(repository, name)} was written, but ${problem}`);
  };
  // Children first: a registry may refuse to serve a root whose child is missing.
  await allOf([...below.map(child), ...referencesOf(mirror.target, root, moves).map(reference)]);
}

/**
 * Returns the references that the root was written under: the tags that were not refused, or its digest if there are no
 * tags now or later.
 */
function referencesOf({ tags, tagsFollow }: CopyTarget, root: Manifest, moves: readonly TagMove[]): readonly string[] {
  if (tagsFollow === true) return [];
  if (tags.length === 0) return [root.descriptor.digest];
  return tags.filter((tag) => moves.every((move) => move.tag !== tag));
}

/**
 * Returns how a manifest differs from what was written; undefined if it does not. Waits for registries that show a
 * write late.
 */
async function problemOf(
  registry: ManifestReader,
  clock: Clock,
  mirror: Mirror,
  reference: string,
  manifest: Manifest,
): Promise<string | undefined> {
  for (const wait of [...READ_BACK_WAITS_MS, undefined]) {
    const problem = await problemNow(registry, mirror, reference, manifest);
    if (problem === undefined || wait === undefined) return problem;
    await clock.wait(wait, mirror.call.signal);
  }
  return undefined;
}

async function problemNow(
  registry: ManifestReader,
  { target: { repository }, call }: Mirror,
  reference: string,
  { descriptor: { digest, size } }: Manifest,
): Promise<string | undefined> {
  const found = await registry.resolveManifest(repository, reference, call);
  if (found?.digest !== digest) return `reads back as ${found?.digest ?? 'not found'} instead of ${digest}`;
  if (found.size === undefined || found.size === size) return undefined;
  // A HEAD may state a wrong length: only the bytes prove a difference.
  const read = await registry.readManifest(repository, reference, call).catch(unlessOtherBytes);
  return read?.descriptor.digest === digest ? undefined : `reads back with ${found.size} bytes instead of ${size}`;
}

function unlessOtherBytes(error: unknown): undefined {
  if (!isPromotionError(error, 'DIGEST_MISMATCH')) throw error;
}

function incomplete(what: string): PromotionError {
  return new PromotionError('INCOMPLETE', what, {
    side: 'destination',
    hint: 'retry; if it persists, check which other processes write to this registry',
  });
}
