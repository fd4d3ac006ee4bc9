import { constants } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../errors.ts';
import { createOwnFile } from '../own-file.ts';
import { MAX_KEPT_BYTES, type KeptFiles } from './kept-files.ts';

/** Readable by its owner only: the names of repositories may be confidential. */
const MODE = 0o600;

/**
 * Keeps files in a folder, which is created by the first write. Files of other users, and files that other users may
 * write, are rejected.
 */
export function keptFolder(folder: string): KeptFiles {
  const placeOf = (name: string): string => path.join(folder, name);
  return {
    placeOf,
    read: async (name) => {
      const handle = await openThere(placeOf(name));
      if (handle === undefined) return undefined;
      try {
        await refuseForeign(handle, placeOf(name));
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    },
    write: async (name, bytes) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = await createOwnFile(placeOf(name), MODE);
      try {
        await file.handle.writeFile(bytes);
        await file.handle.close();
        await file.place();
      } catch (error) {
        await file.discard();
        throw error;
      }
    },
  };
}

/** Opens a file without following a link, and without waiting for the writer of a pipe. */
async function openThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw untrusted(file, 'is a link');
    throw error;
  }
}

async function refuseForeign(handle: FileHandle, file: string): Promise<void> {
  const stats = await handle.stat();
  const { uid, mode, size } = stats;
  if (!stats.isFile()) throw untrusted(file, 'is not a regular file');
  if (uid !== (process.getuid?.() ?? uid)) throw untrusted(file, `belongs to another user (${uid})`);
  if ((mode & 0o022) !== 0) throw untrusted(file, 'may be written by other users');
  if (size > MAX_KEPT_BYTES) throw untrusted(file, `has ${size} bytes, more than ${MAX_KEPT_BYTES}`);
}

function untrusted(file: string, problem: string): PromotionError {
  return new PromotionError('CONFIG_INVALID', `${file}: ${problem}; expected a file that only this user can write`, {
    hint: 'remove the file; the next run writes a new one',
  });
}
