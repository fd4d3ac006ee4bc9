import { randomBytes } from 'node:crypto';
import { lstat, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** A file under a temporary name that no other process can have created before. */
type OwnFile = {
  readonly handle: FileHandle;
  /** Renames it to its final name; replaces a link of that name, not the link's target. */
  readonly place: () => Promise<void>;
  readonly discard: () => Promise<void>;
};

/**
 * Creates a file beside its final path, under an unpredictable name, by default with the permissions of a new file. Throws the system's error, and an error if a link
 * below the working directory leads out of it, as a link in the checkout of a pull request may.
 */
export async function createOwnFile(target: string, mode?: number): Promise<OwnFile> {
  const folder = await realpath(path.dirname(target));
  const working = process.cwd();
  if (isInside(path.resolve(target), working) && !isInside(folder, await realpath(working)))
    throw new Error(
      `a link leads from ${path.dirname(target)} out of the working folder; give the path of the folder itself`,
    );
  // a leading dot, because programs that read all files of a folder skip it
  const aside = path.join(folder, `.${path.basename(target)}.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(aside, 'wx', mode);
  const close = (): Promise<void> => handle.close().catch(() => undefined);
  return {
    handle,
    place: () => rename(aside, path.join(folder, path.basename(target))),
    discard: async () => {
      await close();
      await rm(aside, { force: true });
    },
  };
}

/**
 * Returns true for a path that is written directly and not replaced: an existing pipe or device, or a system path such
 * as /dev/stdout.
 */
export async function isDevice(target: string): Promise<boolean> {
  if (/^\/(?:dev|proc)\//.test(path.resolve(target))) return true;
  const there = await lstat(target).catch(() => undefined);
  return there?.isFIFO() === true || there?.isCharacterDevice() === true;
}

function isInside(place: string, folder: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
