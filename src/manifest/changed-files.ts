import path from 'node:path';
import type { findProjects, findTrees, Found } from './discover.ts';
import type { FileSource } from './file-source.ts';

/** The files that differ between two trees. */
export type ChangedFiles = {
  /** The manifests, images files and policies of the tree that differ, by their displayed names. */
  readonly files: ReadonlySet<string>;
  /** Returns true for any file that differs, exists on one side only, or cannot be read on one side. */
  isChanged(file: string): Promise<boolean>;
};

/** Compares the files of two folders byte by byte; `location` is their displayed name. */
export async function changedFiles(
  before: FileSource,
  now: FileSource,
  location: string,
  find: typeof findTrees | typeof findProjects,
): Promise<ChangedFiles> {
  const found = await find(now);
  const gone = await find(before);
  const all = new Set([...filesOf(found), ...policiesOf(gone)]);
  const files = new Set<string>();
  for (const file of all) if (await differs(before, now, file)) files.add(path.join(location, file));
  return { files, isChanged: (file) => differs(before, now, relativeTo(location, file)) };
}

/** Compares one file, which may have another path on each side. */
export async function changedFile(
  before: FileSource,
  now: FileSource,
  place: string,
  file: string,
): Promise<ChangedFiles> {
  const isChanged = await differs(before, now, place);
  return { files: new Set(isChanged ? [file] : []), isChanged: (one) => Promise.resolve(one !== file || isChanged) };
}

function filesOf(found: Found): readonly string[] {
  return found.projects.flatMap(({ manifest, images, policy }) => [manifest, images, policy]);
}

function policiesOf({ projects }: Found): readonly string[] {
  return projects.map(({ policy }) => policy);
}

function relativeTo(location: string, file: string): string {
  return path.relative(location, file).split(path.sep).join('/');
}

async function differs(before: FileSource, now: FileSource, file: string): Promise<boolean> {
  try {
    const [old, current] = [await before.read(file), await now.read(file)];
    if (old === undefined || current === undefined) return old !== current;
    return Buffer.compare(old, current) !== 0;
  } catch {
    // an unreadable path is a folder, a broken link, or too large
    return true;
  }
}
