import { randomBytes } from 'node:crypto';
import { lstat, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/** A file that is being made, and that nobody else can have made before. */
export type OwnFile = {
  readonly handle: FileHandle;
  /** Puts it in the place that it is for: of a link that stands there, not of what the link leads to. */
  readonly place: () => Promise<void>;
  readonly discard: () => Promise<void>;
};

/**
 * Creates a file beside the place that it is for, under a name that nobody can foresee. Throws what the system says, and for
 * a path below the working folder that a link leads out of it: in a checkout of a pull request others made those links.
 */
export async function createOwnFile(target: string): Promise<OwnFile> {
  const folder = await realpath(path.dirname(target));
  const working = process.cwd();
  if (isInside(path.resolve(target), working) && !isInside(folder, await realpath(working)))
    throw new Error(`a link leads from ${path.dirname(target)} out of the working folder; name the folder itself`);
  // a dot: those who read all files of a folder leave it out
  const aside = path.join(folder, `.${path.basename(target)}.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(aside, 'wx');
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
 * True for what is written to as it is, and not replaced: a pipe or device that stands at this path, and what the system
 * offers under its own names, such as /dev/stdout.
 */
export async function isDevice(target: string): Promise<boolean> {
  if (/^\/(?:dev|proc)\//.test(path.resolve(target))) return true;
  const there = await lstat(target).catch(() => undefined);
  return there?.isFIFO() === true || there?.isCharacterDevice() === true;
}

function isInside(place: string, folder: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
