import { stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createOwnFile, isDevice } from '../../own-file.ts';

/** Writes a file so that whoever reads it sees all of it or what was there before; a link is replaced, not followed. */
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

/** Why `writeAtomically` could not write there now, as half a sentence; undefined when it could. */
export async function unwritable(path: string): Promise<string | undefined> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory() === true) return 'is a folder';
    if (await isDevice(path)) return undefined;
    // Only a try tells: file systems refuse for more reasons than permissions.
    await (await createOwnFile(path)).discard();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return `is in ${dirname(path)}, which does not exist`;
    return `cannot be written in ${dirname(path)}: ${error instanceof Error ? error.message : 'unknown error'}`;
  }
}
