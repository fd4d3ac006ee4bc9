import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file so that whoever reads it sees all of it or what was there before. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const aside = asideOf(path);
  try {
    await writeFile(aside, text);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}

/** Why `writeAtomically` could not write there now, as half a sentence; undefined when it could. */
export async function unwritable(path: string): Promise<string | undefined> {
  const aside = asideOf(path);
  try {
    const there = await stat(path).catch(() => undefined);
    if (there?.isDirectory() === true) return 'is a folder';
    // Only a try tells: file systems refuse for more reasons than permissions.
    await writeFile(aside, '');
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return `is in ${dirname(path)}, which does not exist`;
    return `cannot be written in ${dirname(path)}: ${error instanceof Error ? error.message : 'unknown error'}`;
  } finally {
    await rm(aside, { force: true }).catch(() => undefined);
  }
}

function asideOf(path: string): string {
  return `${path}.${process.pid}.tmp`;
}
