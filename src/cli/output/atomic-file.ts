import { stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createOwnFile, isDevice } from '../../own-file.ts';

/**
 * Writes a file atomically: readers see the old content or the new. Replaces a symbolic link instead of following it.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  if (await isDevice(path)) return writeFile(path, text);
  const file = await createOwnFile(path);
  try {
    await file.handle.writeFile(text);
    await file.handle.close();
    await file.place();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Returns why `writeAtomically` cannot write there, as half a sentence; undefined if it can. */
export async function unwritable(path: string): Promise<string | undefined> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory() === true) return 'is a folder';
    if (await isDevice(path)) return undefined;
    // Tries it, since file systems reject writes for more reasons than permissions.
    await (await createOwnFile(path)).discard();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return `is in ${dirname(path)}, which does not exist`;
    return `cannot be written in ${dirname(path)}: ${error instanceof Error ? error.message : 'unknown error'}`;
  }
}
