import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../errors.ts';

/** The files of a manifest tree. Paths are relative to its root, separated by `/`; the root itself is ``. */
export type FileSource = {
  /**
   * Returns the entries of a folder, sorted by name; undefined if there is no such folder. Throws MANIFEST_INVALID if
   * it cannot be read.
   */
  list(folder: string): Promise<readonly FileEntry[] | undefined>;
  /** Returns the bytes of a file; undefined if there is none. Throws MANIFEST_INVALID if it cannot be read. */
  read(file: string): Promise<Uint8Array | undefined>;
};

/** An entry of a folder. `kind` is that of a link's target; `outside` for a link that leaves the root. */
export type FileEntry = {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'outside' | 'other';
  readonly isLink: boolean;
};

/**
 * Maximum size of a file in bytes: twice the size of all of production's tree. Parsing may take 70 times as much
 * memory.
 */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Returns the error for a link that leaves the root. */
export function leavesTree(): PromotionError {
  return new PromotionError('MANIFEST_INVALID', 'a link leaves the tree', { hint: 'put the file itself in its place' });
}

/** Returns the files below one folder of the disk; never follows a link out of it. */
export async function diskFiles(root: string): Promise<FileSource> {
  const realRoot = await realpath(root);
  const isInside = (real: string): boolean =>
    real === realRoot || real.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep);
  const resolve = async (name: string): Promise<string> => {
    const real = await realpath(path.join(realRoot, name));
    if (!isInside(real)) throw leavesTree();
    return real;
  };
  // a listed folder that is not a link is at its own path
  const plain = new Set<string>();
  return {
    list: (folder) =>
      unlessMissing('list the folder', async () => {
        const real = plain.delete(folder) ? path.join(realRoot, folder) : await resolve(folder);
        const found: FileEntry[] = [];
        // there may be a hundred thousand entries: only links are resolved one by one
        for (const entry of await readdir(real, { withFileTypes: true }))
          found.push(
            entry.isSymbolicLink()
              ? await describeLink(path.join(real, entry.name), entry.name, isInside)
              : { name: entry.name, kind: kindOf(entry), isLink: false },
          );
        if (real === path.join(realRoot, folder))
          for (const { name, kind, isLink } of found)
            if (kind === 'folder' && !isLink) plain.add(folder === '' ? name : `${folder}/${name}`);
        return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
      }),
    read: (file) => unlessMissing('read the file', async () => readPlainFile(await resolve(file))),
  };
}

/**
 * Reads one file that the user named, which may be a pipe. Returns undefined if there is none; throws MANIFEST_INVALID.
 */
export function readNamedFile(file: string): Promise<Uint8Array | undefined> {
  return unlessMissing('read the file', () => readAnything(file));
}

async function readPlainFile(real: string): Promise<Uint8Array> {
  const stats = await stat(real);
  // Reading a pipe or a device from a pull request would never end.
  if (!stats.isFile()) throw isNoFile();
  checkSize(stats.size);
  return readFile(real);
}

/** Returns the error for a path that is not a file. */
export function isNoFile(): PromotionError {
  return new PromotionError('MANIFEST_INVALID', 'this is not a file', { hint: 'put a YAML file in its place' });
}

async function readAnything(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file);
  checkSize(bytes.length);
  return bytes;
}

/** Throws MANIFEST_INVALID if a file is too large to be read. */
export function checkSize(bytes: number): void {
  if (bytes <= MAX_FILE_BYTES) return;
  throw new PromotionError('MANIFEST_INVALID', `the file is larger than ${MAX_FILE_BYTES} bytes`, {
    hint: 'divide it into several projects',
  });
}

async function describeLink(full: string, name: string, isInside: (real: string) => boolean): Promise<FileEntry> {
  try {
    const real = await realpath(full);
    return { name, kind: isInside(real) ? kindOf(await stat(real)) : 'outside', isLink: true };
  } catch {
    return { name, kind: 'other', isLink: true }; // it points to nothing, or to itself
  }
}

function kindOf(stats: { isFile(): boolean; isDirectory(): boolean }): 'file' | 'folder' | 'other' {
  if (stats.isFile()) return 'file';
  return stats.isDirectory() ? 'folder' : 'other';
}

async function unlessMissing<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof PromotionError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PromotionError('MANIFEST_INVALID', `cannot ${what} (${code})`, {
      hint: 'check its permissions and that it is what its name says',
      cause: error,
    });
  }
}
