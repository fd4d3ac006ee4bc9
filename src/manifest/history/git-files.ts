import type { ObjectId, TreeEntry } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';
import { IMAGES_NAME, MANIFEST_NAME, POLICY_NAME } from '../discover.ts';
import { checkSize, isNoFile, leavesTree, type FileEntry, type FileSource } from '../file-source.ts';

/** The entry at a path of a commit after following its links. */
type Node = TreeEntry | 'folder' | 'outside' | undefined;

type Tree = {
  /** The root of the FileSource, relative to the top of the repository. */
  readonly root: string;
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** The entries of each folder by name; paths as in `entries`. */
  readonly folders: ReadonlyMap<string, ReadonlySet<string>>;
  readonly targets: ReadonlyMap<ObjectId, string>;
};

/** The limit of Linux (path_resolution(7)). */
const MAX_LINKS = 40;
/** PATH_MAX: a longer link target is invalid. */
export const MAX_TARGET = 4096;

/**
 * Reads files of a commit below `root` like diskFiles would after a checkout: never follows a link out of it. `listed`
 * is the list of files there.
 */
export async function commitFiles(
  repository: Pick<GitRepository, 'read'>,
  listed: readonly TreeEntry[],
  root: string,
): Promise<FileSource> {
  const links = listed.filter(({ kind, size }) => kind === 'link' && size <= MAX_TARGET);
  const wanted = listed.filter((entry) => entry.kind === 'file' && isManifest(entry.path) && isReadable(entry.size));
  const objects = await repository.read([...links, ...wanted].map(({ id }) => id));
  const text = new TextDecoder();
  const targets = new Map(links.map(({ id }) => [id, text.decode(objects.get(id))]));
  // a link may lead to a file of any name: those few are read one by one
  const read: ReadBlob = async (id) => objects.get(id) ?? (await repository.read([id])).get(id);
  return listedFiles({ root, entries: byPath(listed), folders: foldersOf(listed, root), targets }, read);
}

/** Returns the bytes of a file of a commit; undefined if they cannot be had. */
export type ReadBlob = (id: ObjectId) => Promise<Uint8Array | undefined>;

/** Returns the files of a commit, of which `read` returns the bytes; `targets` are the targets of its links. */
export function filesOf(
  listed: readonly TreeEntry[],
  root: string,
  targets: ReadonlyMap<ObjectId, string>,
  read: ReadBlob,
): FileSource & { real(path: string): TreeEntry | undefined } {
  const tree: Tree = { root, entries: byPath(listed), folders: foldersOf(listed, root), targets };
  return {
    ...listedFiles(tree, read),
    real: (path) => {
      const node = nodeAt(tree, resolve(tree, inRoot(root, path)));
      return node === undefined || typeof node === 'string' ? undefined : node;
    },
  };
}

function listedFiles(tree: Tree, readBlob: ReadBlob): FileSource {
  const { root } = tree;
  return {
    list: async (folder) => {
      const path = resolve(tree, inRoot(root, folder));
      const node = nodeAt(tree, path);
      if (node === 'outside') throw leavesTree();
      if (node !== undefined && node !== 'folder') return node.kind === 'submodule' ? [] : undefined;
      const names = path === undefined ? undefined : tree.folders.get(path);
      return names && [...names].toSorted().map((name) => describe(tree, inRoot(path ?? '', name), name));
    },
    read: async (file) => {
      const node = nodeAt(tree, resolve(tree, inRoot(root, file)));
      if (node === undefined) return undefined;
      if (node === 'outside') throw leavesTree();
      if (node === 'folder' || node.kind === 'submodule') throw isNoFile();
      checkSize(node.size);
      return readBlob(node.id);
    },
  };
}

/** Returns true for a path of a manifest, images or policy file. */
export function isManifest(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === MANIFEST_NAME || name === IMAGES_NAME || name === POLICY_NAME;
}

function isReadable(bytes: number): boolean {
  try {
    checkSize(bytes);
    return true;
  } catch {
    return false;
  }
}

function byPath(listed: readonly TreeEntry[]): Map<string, TreeEntry> {
  return new Map(listed.map((entry) => [entry.path, entry]));
}

function foldersOf(listed: readonly TreeEntry[], root: string): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const { path } of listed) {
    for (let child = path; child !== root && child !== '';) {
      const slash = child.lastIndexOf('/');
      const folder = child.slice(0, Math.max(slash, 0));
      const known = folders.get(folder);
      const names = known ?? new Set<string>();
      folders.set(folder, names.add(child.slice(slash + 1)));
      if (known !== undefined) break;
      child = folder;
    }
  }
  return folders;
}

function describe(tree: Tree, path: string, name: string): FileEntry {
  const own = tree.entries.get(path);
  const isLink = own?.kind === 'link';
  const node = isLink ? nodeAt(tree, resolve(tree, path)) : (own ?? 'folder');
  if (node === undefined) return { name, kind: 'other', isLink };
  if (node === 'folder' || node === 'outside') return { name, kind: node, isLink };
  return { name, kind: node.kind === 'submodule' ? 'folder' : 'file', isLink };
}

/** Returns the path with all links followed; undefined for a loop or a path outside of the repository. */
function resolve(tree: Tree, path: string): string | undefined {
  let rest = path.split('/');
  let at: string[] = [];
  let followed = 0;
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    if (next === '' || next === '.') continue;
    if (next === '..') {
      if (at.pop() === undefined) return OUTSIDE;
      continue;
    }
    const here = [...at, next];
    const entry = tree.entries.get(here.join('/'));
    if (entry?.kind !== 'link') {
      at = here;
      continue;
    }
    followed += 1;
    const target = tree.targets.get(entry.id);
    if (target === undefined || followed > MAX_LINKS) return undefined;
    if (target.startsWith('/')) return OUTSIDE;
    rest = [...target.split('/'), ...rest];
  }
  return at.join('/');
}

/** A path that no file of a repository has. */
const OUTSIDE = '/';

function nodeAt({ root, entries, folders }: Tree, path: string | undefined): Node {
  if (path === undefined) return undefined;
  if (path === OUTSIDE || (root !== '' && path !== root && !path.startsWith(`${root}/`))) return 'outside';
  return entries.get(path) ?? (folders.has(path) ? 'folder' : undefined);
}

function inRoot(root: string, path: string): string {
  return root === '' || path === '' ? root + path : `${root}/${path}`;
}
