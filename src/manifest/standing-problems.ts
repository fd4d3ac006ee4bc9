import path from 'node:path';
import type { ChangedFiles } from './changed-files.ts';
import { IMAGES_NAME, MANIFEST_NAME, POLICY_NAME } from './discover.ts';
import type { LoadedManifests, Problem, Warning } from './manifest.ts';

/**
 * Returns the problems of a tree that a change leaves as they were: the same problem with the same entry or file,
 * unrelated to the change. A problem that occurs more often than before is new.
 */
export async function standingProblems(
  base: LoadedManifests,
  head: LoadedManifests,
  changed: ChangedFiles,
): Promise<ReadonlySet<Problem>> {
  const left = counted(base.problems.map(keyOf));
  const places = new Set(base.problems.map(placedKeyOf));
  // of an entry that occurs twice now, the one that stayed in its file is the old one
  const [stayed, moved] = [true, false].map((isThere) =>
    head.problems.filter((problem) => places.has(placedKeyOf(problem)) === isThere),
  );
  const isPolicyTouched = policiesTouched(head, changed);
  const standing = new Set<Problem>();
  for (const problem of [...(stayed ?? []), ...(moved ?? [])]) {
    const key = keyOf(problem);
    const count = left.get(key) ?? 0;
    // --allow-registry is not applied to the base: the same bytes have the same problem
    const wasThere = count > 0 || problem.code === 'REGISTRY_NOT_ALLOWED';
    if (!wasThere || (await isTouched(problem, changed, isPolicyTouched))) continue;
    left.set(key, count - 1);
    standing.add(problem);
  }
  return standing;
}

/** Returns the warnings of a tree that occur more often than in its base. */
export function newWarnings(base: LoadedManifests, head: LoadedManifests): readonly Warning[] {
  const left = counted((base.warnings ?? []).map(placedKeyOf));
  return (head.warnings ?? []).filter((warning) => {
    const count = left.get(placedKeyOf(warning)) ?? 0;
    left.set(placedKeyOf(warning), count - 1);
    return count <= 0;
  });
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Returns the identity of a problem: an entry is the same in any file and line. */
function keyOf({ code, message, hint, image, digest, entry, position }: Problem | Warning): string {
  return JSON.stringify([code, message, hint, image, digest, entry ?? position.file]);
}

function placedKeyOf(problem: Problem | Warning): string {
  return `${keyOf(problem)} ${problem.position.file}`;
}

/**
 * Returns true if the change may concern what the problem removes: its entry, its whole project, or everything under a
 * policy.
 */
async function isTouched(
  { code, more, entry, position: { file } }: Problem,
  changed: ChangedFiles,
  isPolicyTouched: boolean,
): Promise<boolean> {
  // a summary of further problems cannot be compared
  if (more !== undefined || code === 'MANIFEST_NOT_FOUND') return true;
  if (entry !== undefined) return false;
  if (code === 'POLICY_INVALID' && isPolicyTouched) return true;
  for (const one of [file, ...counterpartOf(file)]) if (await changed.isChanged(one)) return true;
  return false;
}

/**
 * A policy may apply to other projects than the one beside it: a change of a policy, or of a removed project, concerns
 * all.
 */
function policiesTouched({ projects }: LoadedManifests, { files }: ChangedFiles): boolean {
  const loaded = new Set(projects.flatMap(({ manifestFile, imagesFile }) => [manifestFile, imagesFile]));
  return [...files].some((file) => path.basename(file) === POLICY_NAME || !loaded.has(file));
}

/** Returns the images file of a manifest, and the manifest of an images file. */
function counterpartOf(file: string): readonly string[] {
  const name = path.basename(file);
  const [folder, other] =
    name === MANIFEST_NAME ? ['images', IMAGES_NAME] : name === IMAGES_NAME ? ['manifests', MANIFEST_NAME] : [];
  if (folder === undefined || other === undefined) return [];
  const project = path.dirname(file);
  return [path.join(project, '..', '..', folder, path.basename(project), other)];
}
