import path from 'node:path';
import type { findProjects, findTrees, Found } from './discover.ts';
import type { FileSource } from './file-source.ts';

/** How the files of a tree differ from those before. */
export type ChangedFiles = {
  /** The manifest and images files of the tree, and the policies of either, that differ; by the names that people know. */
  readonly files: ReadonlySet<string>;
  /** True for any file that differs, is new or gone, or cannot be read on one side. */
  isChanged(file: string): Promise<boolean>;
};

/** Compares the bytes of two folders; `location` is what people know them by. */
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

/** Compares one file, whatever it is called on each side. */
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
    // what cannot be read is a folder, a link that leads nowhere, or too large
    return true;
  }
}
